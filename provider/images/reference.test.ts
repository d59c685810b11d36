import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import { describeImage, parseDigest, parseImageReference } from './reference.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const HEX_64 = 'f'.repeat(64);

const valid: Record<string, [registry: string, repository: string, target: object]> = {
  nginx: ['docker.io', 'library/nginx', { tag: 'latest' }],
  'index.docker.io/nginx': ['docker.io', 'library/nginx', { tag: 'latest' }],
  'docker.io/library/nginx': ['docker.io', 'library/nginx', { tag: 'latest' }],
  'bitnami/nginx:1.27': ['docker.io', 'bitnami/nginx', { tag: '1.27' }],
  'foo/bar/baz': ['docker.io', 'foo/bar/baz', { tag: 'latest' }],
  'localhost/app': ['localhost', 'app', { tag: 'latest' }],
  'Uppercase/app': ['Uppercase', 'app', { tag: 'latest' }],
  'localhost:80/app:v1': ['localhost:80', 'app', { tag: 'v1' }],
  'app:5000': ['docker.io', 'library/app', { tag: '5000' }],
  'registry.example:5000/team/app:v1': ['registry.example:5000', 'team/app', { tag: 'v1' }],
  'xn--n3h.com/myimage': ['xn--n3h.com', 'myimage', { tag: 'latest' }],
  '[::1]:5000/app': ['[::1]:5000', 'app', { tag: 'latest' }],
  '[2001:db8::1]/repo:tag': ['[2001:db8::1]', 'repo', { tag: 'tag' }],
  '192.168.0.1:5000/app': ['192.168.0.1:5000', 'app', { tag: 'latest' }],
  'foo.com/a__b/c-------d/e.f': ['foo.com', 'a__b/c-------d/e.f', { tag: 'latest' }],
  'app:_Tag.with-all_9': ['docker.io', 'library/app', { tag: '_Tag.with-all_9' }],
  [`app:${'t'.repeat(128)}`]: ['docker.io', 'library/app', { tag: 't'.repeat(128) }],
  [`${HEX_64}:v1`]: ['docker.io', `library/${HEX_64}`, { tag: 'v1' }],
  [`team/${HEX_64}`]: ['docker.io', `team/${HEX_64}`, { tag: 'latest' }],
  [`foo.com/${'a'.repeat(255)}`]: ['foo.com', 'a'.repeat(255), { tag: 'latest' }],
  [`app@${DIGEST}`]: ['docker.io', 'library/app', { digest: DIGEST }],
  [`ghcr.io/team/app:v1@${DIGEST}`]: ['ghcr.io', 'team/app', { digest: DIGEST }],
};

for (const [text, [registry, repository, target]] of Object.entries(valid)) {
  test(`parses ${text}`, () => {
    assert.deepEqual(parseImageReference(text), { registry, repository, target });
  });
}

const invalid: Record<string, string> = {
  'an empty text': '',
  'a tag alone': ':v1',
  'a digest alone': `@${DIGEST}`,
  'a repository in upper case': 'Nginx',
  'an upper-case element after the host': 'foo.com/Team/app',
  'an empty tag': 'nginx:',
  'a tag of 129 characters': `nginx:${'t'.repeat(129)}`,
  'a tag that begins with a dot': 'nginx:.v1',
  'a short digest': 'nginx@sha256:abc',
  'a digest in upper case': `nginx@sha256:${'A'.repeat(64)}`,
  'another digest algorithm': `nginx@sha512:${'0'.repeat(128)}`,
  'two digests': `nginx@${DIGEST}@${DIGEST}`,
  'a scheme': 'https://ghcr.io/app',
  'an empty path element': 'a//b',
  'a trailing slash': 'foo.com/app/',
  'a host alone': 'foo.com:5000/',
  'three underscores': 'a___b',
  'two dots': 'a..b',
  'a leading hyphen': '-foo/bar',
  'a trailing hyphen': 'foo/bar-',
  'a trailing newline': 'nginx\n',
  'white space': ' nginx',
  'user information': 'user:password@ghcr.io/app',
  'a path of 256 characters': `foo.com/${'a'.repeat(256)}`,
  'a reference longer than any image has': `${'a.'.repeat(2_100)}example/app`,
  'an IPv6 zone': '[fe80::1%eth0]:5000/app',
  'an address that is none': '256.256.256.256/app',
  'a port that is none': 'foo.com:99999/app',
  'a bare name of 64 hex digits, which was once an image id': HEX_64,
};

for (const [name, text] of Object.entries(invalid)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseImageReference(text), { code: 'invalid_image_reference' });
  });
}

test('parses a digest and refuses what is none', () => {
  assert.equal(parseDigest(DIGEST), DIGEST);
  assert.throws(() => parseDigest(`${DIGEST}0`), { code: 'invalid_image_reference' });
  assert.throws(() => parseDigest(`${DIGEST}\n`), { code: 'invalid_image_reference' });
});

test('describes an image by tag or by digest', () => {
  assert.equal(describeImage(parseImageReference('ghcr.io/team/app')), 'team/app:latest');
  assert.equal(describeImage(parseImageReference(`app:v1@${DIGEST}`)), `library/app@${DIGEST}`);
});

test('any text is parsed or refused, and what is parsed comes out again', () => {
  const characters = fc.constantFrom(...Array.from('aZ09.:/@-_[]~ sha256\n'));
  const text = fc.oneof(fc.string(), fc.string({ unit: characters, maxLength: 80 }));
  fc.assert(
    fc.property(text, (input) => {
      try {
        const { registry, repository, target } = parseImageReference(input);
        const suffix = 'tag' in target ? `:${target.tag}` : `@${target.digest}`;
        const again = parseImageReference(`${registry}/${repository}${suffix}`);
        assert.deepEqual(again, { registry, repository, target });
      } catch (error) {
        assert.ok(error instanceof ProviderError);
        assert.ok(error.message.length < 400);
      }
    }),
    { numRuns: 2_000 },
  );
});

for (const part of ['a', 'a/', 'a:', '@a', 'a-', 'A.', '[', 'a@sha256:']) {
  test(`refuses 100 kB of "${part}" at once`, () => {
    const started = performance.now();
    assert.throws(() => parseImageReference(part.repeat(100_000 / part.length)), ProviderError);
    assert.ok(performance.now() - started < 500);
  });
}
