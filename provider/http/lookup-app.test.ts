import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnswerKyverno, SealedExchange } from '../admission/kyverno.ts';
import type { SealedMessage } from '../admission/sealed-message.ts';
import { ProviderError } from '../errors.ts';
import { bytes, canary, connection, createParts, json, limits } from '../testing/app-parts.ts';
import { createLookupApp } from './app.ts';

const sealed = { payload: '{"nonce":"1"}', mac: '11' };
const sealedRefusal = { payload: '{"nonce":"1","errors":{}}', mac: '22' };

function createLookups(
  answer: SealedExchange['answer'],
  overrides?: Parameters<typeof createParts>[0],
) {
  const { dependencies, ...parts } = createParts(overrides);
  const refused: unknown[] = [];
  const answerKyverno: AnswerKyverno = (message, note) => {
    assert.deepEqual(message, { payload: '{}', mac: '00' });
    note({ namespace: 'shop', images: ['a', 'b'] });
    const refuse = (error: unknown) => {
      refused.push(error);
      return sealedRefusal;
    };
    return { answer, refuse };
  };
  const app = createLookupApp({ ...dependencies, answerKyverno });
  const post = async (body = '{"payload":"{}","mac":"00"}') =>
    app.request('/kyverno/v1/images', { method: 'POST', headers: json }, connection(bytes(body)));
  return { post, refused, ...parts };
}

test('a lookup is answered with the sealed answer', async () => {
  const { post, logged } = createLookups(() => Promise.resolve(sealed));
  const response = await post();
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), sealed);
  const [{ status, code, images } = assert.fail()] = logged();
  assert.deepEqual([status, code, images], [200, 'ok', ['a', 'b']]);
});

test('what images fail with is in the log, without what others wrote', async () => {
  const { dependencies, logged } = createParts();
  const failure = new ProviderError('registry_denied', 'registry: 401', {
    cause: new Error(canary),
  });
  const answerKyverno: AnswerKyverno = (_, note) => {
    note({ failures: { b: failure } });
    return { answer: () => Promise.resolve(sealed), refuse: () => assert.fail() };
  };
  const app = createLookupApp({ ...dependencies, answerKyverno });
  const init = { method: 'POST', headers: json };
  await app.request('/kyverno/v1/images', init, connection(bytes('{}')));
  const [line] = logged();
  assert.match(
    JSON.stringify(line?.['failures']),
    /"b":\{"name":"ProviderError","code":"registry_denied","message":"registry: 401"/,
  );
  assert.ok(!JSON.stringify(line).includes(canary));
});

const never = () => new Promise<SealedMessage>(() => undefined);
const fail = () => Promise.reject(new TypeError('internals'));
const toldSealed: Record<
  string,
  [answer: SealedExchange['answer'], status: number, code: string, level: string]
> = {
  'takes too long': [never, 504, 'deadline_exceeded', 'warn'],
  'fails inside the provider': [fail, 500, 'internal_error', 'error'],
};

for (const [name, [answer, status, code, level]] of Object.entries(toldSealed)) {
  test(`a lookup that ${name} is told in a sealed answer; log and metric say ${code}`, async () => {
    const { post, logged, metrics, refused } = createLookups(answer, { timeoutMs: 1 });
    const response = await post();
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), sealedRefusal);
    assert.equal(refused.length, 1);
    const [{ error, ...line } = assert.fail()] = logged();
    assert.deepEqual([line['status'], line['code'], line['level']], [status, code, level]);
    assert.ok(error);
    const { text } = await metrics.render();
    assert.ok(text.includes(`route="/kyverno/v1/images",status="${status}",code="${code}"} 1`));
  });
}

test('a lookup that finds all slots taken is told so in a sealed answer', async () => {
  const { promise, resolve } = Promise.withResolvers<SealedMessage>();
  const { post, logged } = createLookups(() => promise, {
    limits: { ...limits, maxConcurrent: 1 },
  });
  // Both are let in by their heads.
  const answers = [post(), post()];
  const second = await answers[1];
  assert.deepEqual([second?.status, await second?.json()], [200, sealedRefusal]);
  const [{ status, code, level } = assert.fail()] = logged();
  assert.deepEqual([status, code, level], [429, 'rate_limited', 'debug']);
  resolve(sealed);
  assert.deepEqual(await (await answers[0])?.json(), sealed);
});

const sealedWith = (more: readonly unknown[]) => JSON.stringify({ payload: '{}', mac: '00', more });
const asMuchAsMayBe = { 'as many values': Array(46).fill(1), 'as many levels': [[[]]] };

for (const [name, more] of Object.entries(asMuchAsMayBe)) {
  test(`of a question with ${name} as may be the seal is looked at`, async () => {
    const { dependencies } = createParts();
    const opened: unknown[] = [];
    const answerKyverno: AnswerKyverno = (message) => {
      opened.push(message);
      throw new ProviderError('unsealed_message', 'no');
    };
    const app = createLookupApp({ ...dependencies, answerKyverno });
    const init = { method: 'POST', headers: json };
    await app.request('/kyverno/v1/images', init, connection(bytes(sealedWith(more))));
    assert.deepEqual(opened, [{ payload: '{}', mac: '00', more }]);
  });
}

const unparsed: Record<string, string> = {
  'one value too many': sealedWith(Array(47).fill(1)),
  'one level too many': sealedWith([[[[]]]]),
  'thousands of values': `[${'[],'.repeat(20_000)}1]`,
};

for (const [name, body] of Object.entries(unparsed)) {
  test(`a question with ${name} is refused before it is parsed, and its seal is not looked at`, async () => {
    const { post } = createLookups(() => assert.fail('must not be asked'));
    const response = await post(body);
    assert.equal(response.status, 413);
    const { code, message } = (await response.json()) as Record<'code' | 'message', string>;
    assert.equal(code, 'request_too_large');
    assert.match(message, /: a sealed question has two texts/);
  });
}

test('a lookup that is not sealed is 401', async () => {
  const { dependencies } = createParts();
  const answerKyverno = () => {
    throw new ProviderError('unsealed_message', 'no');
  };
  const app = createLookupApp({ ...dependencies, answerKyverno });
  const response = await app.request(
    '/kyverno/v1/images',
    { method: 'POST', headers: json },
    connection(bytes('{}')),
  );
  assert.equal(response.status, 401);
});
