import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import {
  createPullSecret,
  startRegistryAndReader,
  withSecrets,
} from '../testing/registry-reader.ts';
import { ANONYMOUS, type Credential } from './credential.ts';
import { readRegistryMessage } from './registry-message.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const read = (body: string, credential: Credential = ANONYMOUS) =>
  readRegistryMessage({ body: Buffer.from(body) }, credential);
const errors = (message: unknown, code: unknown = 'DENIED') =>
  JSON.stringify({ errors: [{ code, message }] });

const cases: Record<string, [body: string, expected: string | undefined]> = {
  'a reason': [
    errors('The repository with name team/app does not exist'),
    'The repository with name team/app does not exist',
  ],
  'the first of several': [
    JSON.stringify({
      errors: [
        { code: 'A', message: 'one' },
        { code: 'B', message: 'two' },
      ],
    }),
    'one',
  ],
  'several lines and control characters': [errors('a\r\n\t b\u0000\u001b[31mc'), 'a b [31mc'],
  'characters that turn the line around': [errors('a\u202eb\u2066c\u200bd'), 'a b c d'],
  quotes: [errors('no "team/app"'), "no 'team/app'"],
  'a long text': [errors('a'.repeat(5_000)), `${'a'.repeat(199)}…`],
  'what says no more than the status': [errors('authentication required'), undefined],
  'what repeats its code': [errors('manifest_unknown', 'MANIFEST_UNKNOWN'), undefined],
  'an error without a code': [JSON.stringify({ errors: [{ message: 'internal' }] }), undefined],
  'a message that is no text': [errors({ a: 1 }), undefined],
  'another form of JSON': ['{"message": "internal"}', undefined],
  'a page of HTML': ['<html>internal</html>', undefined],
  nothing: ['', undefined],
};

for (const [name, [body, expected]] of Object.entries(cases)) {
  test(`of a registry's answer with ${name}, ${expected === undefined ? 'nothing' : 'a line'} is told`, () => {
    assert.equal(read(body), expected);
  });
}

const basic = { kind: 'basic', username: 'user', password: 'canary-5a1d' } as const;
const credentials: Record<string, [credential: Credential, message: string]> = {
  'the password': [basic, 'no user with canary-5a1d'],
  'the header': [basic, `no ${Buffer.from('user:canary-5a1d').toString('base64')}`],
  'the identity token': [
    { kind: 'identityToken', identityToken: 'canary-1d70', fallback: basic },
    'no canary-1d70',
  ],
  'the registry token': [{ kind: 'registryToken', registryToken: 'canary-7e60' }, 'no canary-7e60'],
};

for (const [name, [credential, message]] of Object.entries(credentials)) {
  test(`a registry that repeats ${name} is not quoted`, () => {
    assert.equal(read(errors(message), credential), undefined);
    assert.equal(read(errors('no such user'), credential), 'no such user');
  });
}

test('of any answer a short line is told, or nothing', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
  const bodies = fc.oneof(
    texts,
    fc.json(),
    texts.map((text) => errors(text)),
    fc.json().map((json) => `{"errors":[${json}]}`),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      const line = read(body);
      if (line !== undefined) assert.match(line, /^[^\p{Cc}\p{Cf}\p{Cs}"]{1,200}$/u);
    }),
    { numRuns: 1_000 },
  );
});

for (const part of ['[', '{"a":', '\\u0000', ' ', '"', 'a']) {
  test(`tells of 100 kB of ${part} at once`, () => {
    const text = part.repeat(100_000 / part.length);
    const started = performance.now();
    for (const body of [text, `{"errors":${text}`, errors(text)]) read(body);
    assert.ok(performance.now() - started < 500);
  });
}

test('what the registry says stands in the message, once, before the next step', async () => {
  const {
    registry,
    read: look,
    ...started
  } = await startRegistryAndReader(
    {},
    { dependencies: withSecrets({ 'shop/regcred': createPullSecret('127.0.0.1', 'u', 'p') }) },
  );
  closings.push(started.close);
  const body = errors('Your authorization token has expired.');
  registry.answerNext(Infinity, /app/, { status: 403, body });
  await assert.rejects(look(`${registry.host}/app:v1`), {
    code: 'registry_denied',
    message: `registry ${registry.host}: 403 for app:v1 anonymously; it says "Your authorization token has expired."; add an imagePullSecret or set command`,
  });
});

test('what a busy or broken registry says stands in the message', async () => {
  const { registry, read: look, ...started } = await startRegistryAndReader();
  closings.push(started.close);
  const body = errors('You have reached your pull rate limit.', 'TOOMANYREQUESTS');
  registry.answerNext(Infinity, /busy/, { status: 429, headers: { 'retry-after': '9' }, body });
  registry.answerNext(Infinity, /broken/, { status: 418, body: errors('read-only') });
  await assert.rejects(look(`${registry.host}/broken:v1`), {
    message: /: answered 418, it says "read-only"; try again later, or set command$/,
  });
  await assert.rejects(look(`${registry.host}/busy:v1`), {
    code: 'registry_rate_limited',
    message:
      /: answered 429, too many requests, it says "You have reached your pull rate limit."; add an /,
  });
});
