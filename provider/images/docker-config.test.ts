import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { credentialKey, type Credential } from './credential.ts';
import { parseDockercfg, parseDockerConfig } from './docker-config.ts';

const basic = (username: string, password: string): Credential => ({
  kind: 'basic',
  username,
  password,
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

const entries: Record<string, [entry: unknown, expected: Credential | undefined]> = {
  auth: [{ auth: base64('user:pass') }, basic('user', 'pass')],
  'auth without padding': [{ auth: base64('user:pas').replace(/=+$/, '') }, basic('user', 'pas')],
  'a password with colons': [{ auth: base64('user:a:b:c') }, basic('user', 'a:b:c')],
  'an empty password': [{ auth: base64('user:') }, basic('user', '')],
  'a password that is not ASCII': [{ auth: base64('user:pässwörd') }, basic('user', 'pässwörd')],
  'username and password': [{ username: 'user', password: 'pass' }, basic('user', 'pass')],
  'auth before username and password': [
    { auth: base64('one:1'), username: 'two', password: '2' },
    basic('one', '1'),
  ],
  'an identity token before auth': [
    { auth: base64('<token>:'), identitytoken: 'refresh' },
    { kind: 'identityToken', identityToken: 'refresh' },
  ],
  'a JSON key file as password': [
    { auth: base64('_json_key:{"a": "b"}') },
    basic('_json_key', '{"a": "b"}'),
  ],
  'auth without a colon': [{ auth: base64('user') }, undefined],
  'auth without a user': [{ auth: base64(':pass') }, undefined],
  'a username alone': [{ username: 'user' }, undefined],
  'an e-mail address alone': [{ email: 'a@b.c' }, undefined],
  'an empty entry': [{}, undefined],
  null: [null, undefined],
  'a text': ['user:pass', undefined],
  'fields of other types': [{ auth: 5, username: ['u'], password: true }, undefined],
};

for (const [name, [entry, expected]] of Object.entries(entries)) {
  test(`reads an entry that is or has ${name}`, () => {
    const config =
      expected === undefined ? [] : [{ key: 'registry.example', credential: expected }];
    const auths = { 'registry.example': entry };
    assert.deepEqual(parseDockerConfig(JSON.stringify({ auths })), config);
    assert.deepEqual(parseDockercfg(JSON.stringify(auths)), config);
  });
}

test('an entry that cannot be used does not spoil the others', () => {
  const auths = { a: { auth: '%%%' }, b: { auth: base64('user:pass') } };
  const expected = [{ key: 'b', credential: basic('user', 'pass') }];
  assert.deepEqual(parseDockerConfig(JSON.stringify({ auths })), expected);
});

test('what docker keeps elsewhere is no entry', () => {
  assert.deepEqual(parseDockerConfig('{"credsStore": "desktop"}'), []);
});

for (const text of ['', '{', 'null', '[]', '"text"', '5', '{"auths": []}', '{"auths": "a"}']) {
  test(`${JSON.stringify(text)} is no docker config`, () => {
    assert.equal(parseDockerConfig(text), undefined);
  });
}

test('any text is read without failing', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"auths": {"a": ${json}}}`),
  );
  fc.assert(
    fc.property(anything, (text) => {
      parseDockerConfig(text);
      parseDockercfg(text);
    }),
  );
});

test('every pair of name and password comes out as it was', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[^:\0]{1,20}$/u),
      fc.stringMatching(/^[^\0]{0,20}$/u),
      (username, password) => {
        const auths = { a: { auth: base64(`${username}:${password}`) } };
        const expected = [{ key: 'a', credential: basic(username, password) }];
        assert.deepEqual(parseDockerConfig(JSON.stringify({ auths })), expected);
      },
    ),
  );
});

test('keys of credentials are equal for equal credentials only, and do not show them', () => {
  const credentials: Credential[] = [
    { kind: 'anonymous' },
    basic('user', 'pass'),
    basic('user', 'other'),
    basic('userp', 'ass'),
    { kind: 'identityToken', identityToken: 'pass' },
  ];
  const keys = credentials.map(credentialKey);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(credentialKey(basic('user', 'pass')), keys[1]);
  assert.ok(!keys.join().includes('pass'));
});
