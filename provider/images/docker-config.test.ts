import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { credentialKey, type BasicCredential, type Credential } from './credential.ts';
import { parseDockercfg, parseDockerConfig } from './docker-config.ts';

const basic = (username: string, password: string): BasicCredential => ({
  kind: 'basic',
  username,
  password,
});
const withIdentityToken = (identityToken: string, fallback: BasicCredential): Credential => ({
  kind: 'identityToken',
  identityToken,
  fallback,
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
    withIdentityToken('refresh', basic('<token>', 'refresh')),
  ],
  'an identity token alone': [
    { identitytoken: 'refresh' },
    withIdentityToken('refresh', basic('<token>', 'refresh')),
  ],
  'an identity token beside a name and password': [
    { auth: base64('user:pass'), identitytoken: 'refresh' },
    withIdentityToken('refresh', basic('user', 'pass')),
  ],
  'an identity token as password of the user <token>': [
    { auth: base64('<token>:refresh') },
    withIdentityToken('refresh', basic('<token>', 'refresh')),
  ],
  "an identity token as password of Azure's user": [
    { username: '00000000-0000-0000-0000-000000000000', password: 'refresh' },
    withIdentityToken('refresh', basic('00000000-0000-0000-0000-000000000000', 'refresh')),
  ],
  'a registry token before all others': [
    { auth: base64('user:pass'), identitytoken: 'refresh', registrytoken: 'eyJ.a.b' },
    { kind: 'registryToken', registryToken: 'eyJ.a.b' },
  ],
  'a registry token that would break a header': [
    { auth: base64('user:pass'), registrytoken: 'a\r\nx: y' },
    basic('user', 'pass'),
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
    const entries =
      expected === undefined ? [] : [{ key: 'registry.example', credential: expected }];
    const config = { entries, namesHelper: false, isTooLong: false };
    const auths = { 'registry.example': entry };
    assert.deepEqual(parseDockerConfig(JSON.stringify({ auths })), config);
    assert.deepEqual(parseDockercfg(JSON.stringify(auths)), config);
  });
}

test('an entry that cannot be used does not spoil the others', () => {
  const auths = { a: { auth: '%%%' }, b: { auth: base64('user:pass') } };
  const entries = [{ key: 'b', credential: basic('user', 'pass') }];
  assert.deepEqual(parseDockerConfig(JSON.stringify({ auths }))?.entries, entries);
});

const helpers: Record<string, [config: object, namesHelper: boolean]> = {
  'one for all registries': [{ credsStore: 'desktop' }, true],
  'one for some registries': [{ credHelpers: { 'a.example': 'ecr-login' } }, true],
  'none for any': [{ credsStore: '', credHelpers: {} }, false],
  'one that is no text': [{ credsStore: {}, credHelpers: 'ecr-login' }, false],
};

for (const [name, [config, namesHelper]] of Object.entries(helpers)) {
  test(`a credential helper is noticed, and adds no entry: ${name}`, () => {
    assert.deepEqual(parseDockerConfig(JSON.stringify(config)), {
      entries: [],
      namesHelper,
      isTooLong: false,
    });
  });
}

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
        const entries = [{ key: 'a', credential: basic(username, password) }];
        assert.deepEqual(parseDockerConfig(JSON.stringify({ auths }))?.entries, entries);
      },
    ),
  );
});

const hostile: Record<string, string> = {
  'nested objects': `{"auths":${'{"a":'.repeat(20_000)}`,
  brackets: '['.repeat(100_000),
  entries: JSON.stringify({
    auths: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`${n}`, { auth: 'YTpi' }])),
  }),
  'an auth without a colon': JSON.stringify({ auths: { a: { auth: 'A'.repeat(100_000) } } }),
  'an auth of white space': JSON.stringify({ auths: { a: { auth: ` a${' '.repeat(100_000)}b` } } }),
  'a registry token': JSON.stringify({
    auths: { a: { registrytoken: `${'a'.repeat(100_000)} ` } },
  }),
};

for (const [name, text] of Object.entries(hostile)) {
  test(`100 kB of ${name} are read or refused at once`, () => {
    const started = performance.now();
    parseDockerConfig(text);
    parseDockercfg(text);
    assert.ok(performance.now() - started < 500);
  });
}

test('keys of credentials are equal for equal credentials only, and do not show them', () => {
  const credentials: Credential[] = [
    { kind: 'anonymous' },
    basic('user', 'pass'),
    basic('user', 'other'),
    basic('userp', 'ass'),
    withIdentityToken('pass', basic('user', 'pass')),
    withIdentityToken('pass', basic('user', 'other')),
    { kind: 'registryToken', registryToken: 'pass' },
  ];
  const keys = credentials.map(credentialKey);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(credentialKey(basic('user', 'pass')), keys[1]);
  assert.ok(!keys.join().includes('pass'));
});
