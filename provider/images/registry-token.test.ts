import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import { createTestAuthority } from '../testing/certificates.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';
import { createQuestionBudget } from './question-budget.ts';
import { createTokenReader, parseTokenAnswer } from './registry-token.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const app = { entrypoint: ['/app'], cmd: ['serve'] };

for (const target of [
  'http://169.254.169.254',
  'http://127.0.0.1:1',
  'http://[::1]:1',
  'http://localhost:1',
]) {
  test(`a token server at ${target} is refused`, async () => {
    const registry = await startRegistry();
    const { read, close } = createTestReader([registry.origin]);
    closings.push(close, registry.close);
    const headers = { 'www-authenticate': `Bearer realm="${target}/token"` };
    registry.answerNext(1, /./, { status: 401, headers });
    await assert.rejects(read(`${registry.host}/app:v1`), { code: 'registry_not_allowed' });
  });
}

test('a registry over https neither redirects to http nor sends passwords there', async () => {
  const authority = await createTestAuthority();
  const { certificate: cert, privateKey: key } = await authority.issue();
  const registry = await startRegistry({ certificate: { cert, key } });
  const plain = await startRegistry();
  plain.addImage('app', 'v1', app);
  const settings = { certificateAuthorities: new Map([[registry.host, authority.ca]]) };
  const reader = createTestReader([registry.origin, plain.origin], { settings });
  closings.push(reader.close, registry.close, plain.close);
  const realm = `Bearer realm="${plain.origin}/token"`;
  registry.answerNext(1, /./, { status: 401, headers: { 'www-authenticate': realm } });
  await assert.rejects(reader.read(`${registry.host}/app:v1`), {
    code: 'registry_unavailable',
    message: /token server that is not https/,
  });
  reader.clock.now += 5_000;
  registry.redirect(/./, plain.origin);
  await assert.rejects(reader.read(`${registry.host}/app:v1`), {
    code: 'registry_unavailable',
    message: /redirects from https to http/,
  });
  assert.equal(plain.requests.length, 0);
});

const tokenAnswers: Record<string, [body: string, message: RegExp]> = {
  'no token': ['{}', /its token server gave no token/],
  'a token that would break a header': [
    '{"token": "a\\r\\nx: y"}',
    /its token server gave no token/,
  ],
  'no JSON': ['token', /its token answer is not JSON/],
};

for (const [name, [body, message]] of Object.entries(tokenAnswers)) {
  test(`a token server that answers ${name} is refused`, async () => {
    const registry = await startRegistry({ access: { kind: 'bearer' } });
    registry.answerNext(1, /token/, { status: 200, body });
    const { read, close } = createTestReader([registry.origin]);
    closings.push(close, registry.close);
    await assert.rejects(read(`${registry.host}/app:v1`), { name: 'ProviderError', message });
  });
}

test('any token answer is read or refused, and what is read can stand in a header', () => {
  const names = fc.constantFrom('token', 'access_token', 'expires_in', 'issued_at');
  const values = fc.oneof(fc.jsonValue(), fc.double(), fc.stringMatching(/^[\x21-\x7e]{1,40}$/));
  const answers = fc.oneof(
    fc.json(),
    fc.string(),
    fc.dictionary(names, values).map((answer) => JSON.stringify(answer)),
  );
  fc.assert(
    fc.property(answers, (answer) => {
      try {
        const { token, lifetimeSeconds } = parseTokenAnswer(Buffer.from(answer));
        assert.match(token, /^[\x21-\x7e]+$/);
        assert.ok(lifetimeSeconds >= 60);
      } catch (error) {
        assert.ok(error instanceof ProviderError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('every token comes out as it was, with its lifetime', () => {
  const tokens = fc.stringMatching(/^[\x21-\x7e]{1,200}$/);
  fc.assert(
    fc.property(tokens, fc.integer({ min: 60 }), fc.boolean(), (token, seconds, isOAuth) => {
      const name = isOAuth ? 'access_token' : 'token';
      const answer = Buffer.from(JSON.stringify({ [name]: token, expires_in: seconds }));
      assert.deepEqual(parseTokenAnswer(answer), { token, lifetimeSeconds: seconds });
    }),
  );
});

for (const [name, text] of Object.entries({
  brackets: '['.repeat(100_000),
  objects: `{"token":${'{"a":'.repeat(20_000)}`,
  'a token': `{"token":"${'a'.repeat(100_000)}"}`,
  backslashes: `{"token":"${'\\\\'.repeat(50_000)}"}`,
})) {
  test(`refuses a token answer of 100 kB of ${name} at once`, () => {
    const started = performance.now();
    assert.throws(() => parseTokenAnswer(Buffer.from(text)), ProviderError);
    assert.ok(performance.now() - started < 500);
  });
}

const registry = {
  registry: 'https://registry.example',
  registryProtocol: 'https:',
  reach: 'public',
  asker: { namespace: 'shop', budget: createQuestionBudget() },
} as const;

test('whatever realm a registry names, a password goes to https only, and to the realm itself', async () => {
  const unit = fc.constantFrom('http', 's', ':', '//', '@', 'auth.example', '?a=b', '#', ' ', '[');
  const realms = fc.oneof(fc.string(), fc.webUrl(), fc.string({ unit, maxLength: 10 }));
  const credential = { kind: 'basic', username: 'user', password: 'canary-70c3' } as const;
  await fc.assert(
    fc.asyncProperty(realms, fc.string(), async (realm, scope) => {
      const sent: URL[] = [];
      const readToken = createTokenReader(({ url }) => {
        sent.push(url);
        const body = Buffer.from('{"token":"t"}');
        return Promise.resolve({ status: 200, headers: {}, body, onward: 'public' });
      }, Date.now);
      const challenge = { kind: 'bearer', realm, service: 's', scope } as const;
      const question = { challenge, credential, skipVerify: false, ...registry };
      const asked = readToken({ ...question, fresh: false }, new AbortController().signal);
      const answer = await asked.catch((error: unknown) => error);
      if (answer instanceof Error) {
        assert.ok(answer instanceof ProviderError);
        assert.deepEqual(sent, []);
      } else {
        const [url] = sent;
        assert.equal(url?.protocol, 'https:');
        assert.equal(url.origin, new URL(realm).origin);
        assert.equal(url.searchParams.get('scope'), scope.toWellFormed());
      }
    }),
    { numRuns: 500 },
  );
});
