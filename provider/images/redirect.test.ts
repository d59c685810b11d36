import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import type { Credential } from './credential.ts';
import { selectNextHop } from './redirect.ts';

const FROM = 'https://registry.example/v2/team/app/blobs/x';
const credential: Credential = { kind: 'basic', username: 'user', password: 'canary-5ed1' };

const follow = (location: string | string[] | undefined, from = FROM) =>
  selectNextHop({ url: new URL(from), credential }, { headers: { location }, onward: 'public' });

const cases: Record<string, [location: string, url: string, keeps: boolean]> = {
  'a path': ['/other', 'https://registry.example/other', true],
  'a relative path': ['../y', 'https://registry.example/v2/team/app/y', true],
  'the same host': ['https://REGISTRY.example:443/other', 'https://registry.example/other', true],
  'another host': ['https://storage.example/x?sig=1', 'https://storage.example/x?sig=1', false],
  'another host by two slashes': ['//storage.example/x', 'https://storage.example/x', false],
  'another host by a backslash': ['\\\\storage.example/x', 'https://storage.example/x', false],
  'another port': ['https://registry.example:444/', 'https://registry.example:444/', false],
  'a host below it': ['https://eu.registry.example/', 'https://eu.registry.example/', false],
  'another host after what looks like this one': [
    'https://registry.example@evil.example/',
    'https://registry.example@evil.example/',
    false,
  ],
};

for (const [name, [location, url, keeps]] of Object.entries(cases)) {
  test(`a redirect to ${name} is followed ${keeps ? 'with' : 'without'} the credential`, () => {
    const next = follow(location);
    assert.equal(next.url.href, url);
    assert.equal(next.credential.kind, keeps ? 'basic' : 'anonymous');
  });
}

const refused: Record<string, [location: string | string[] | undefined, message: RegExp]> = {
  'without a target': [undefined, /redirects to nowhere/],
  'with two targets': [['/a', '/b'], /redirects to nowhere/],
  'to another protocol': ['file:///etc/passwd', /redirects to nowhere/],
  'to a script': ['javascript:alert(1)', /redirects to nowhere/],
  'to no URL': ['https://[', /redirects to nowhere/],
  'to plain HTTP': ['http://registry.example/', /redirects from https to http/],
};

for (const [name, [location, message]] of Object.entries(refused)) {
  test(`a redirect ${name} is refused`, () => {
    assert.throws(() => follow(location), { code: 'registry_unavailable', message });
  });
}

test('any target is refused, or is HTTP that is no less safe and gets a credential only at home', () => {
  const unit = fc.constantFrom('http', 's', ':', '/', '\\', '@', 'registry.example', '.', '%', ' ');
  const targets = fc.oneof(fc.string(), fc.webUrl(), fc.string({ unit, maxLength: 12 }));
  const origins = fc.constantFrom(FROM, 'http://registry.example/v2/', 'https://[::1]:5000/v2/');
  fc.assert(
    fc.property(targets, origins, (location, from) => {
      try {
        const next = follow(location, from);
        assert.match(next.url.protocol, from.startsWith('https:') ? /^https:$/ : /^https?:$/);
        const isHome = next.url.origin === new URL(from).origin;
        assert.equal(next.credential.kind, isHome ? 'basic' : 'anonymous');
      } catch (error) {
        assert.ok(error instanceof ProviderError && error.code === 'registry_unavailable');
      }
    }),
    { numRuns: 2_000 },
  );
});

for (const part of ['a', '/', '../', '@', '%', '\\', 'a.']) {
  test(`decides about a target of 100 kB of "${part}" at once`, () => {
    const started = performance.now();
    for (const start of ['/', 'https://']) {
      try {
        follow(start + part.repeat(100_000 / part.length));
      } catch (error) {
        assert.ok(error instanceof ProviderError);
      }
    }
    assert.ok(performance.now() - started < 500);
  });
}
