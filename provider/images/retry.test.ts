import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';
import type { RegistrySettings } from './registry-settings.ts';
import { readRetryAfterSeconds } from './retry.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function start(settings: Partial<RegistrySettings> = {}) {
  const registry = await startRegistry();
  const { read, close } = createTestReader([registry.origin], { settings });
  closings.push(close, registry.close);
  const countOf = (match: RegExp) =>
    registry.requests.filter(({ path }) => match.test(path)).length;
  return { registry, countOf, read: () => read(`${registry.host}/app:v1`) };
}

const app = { entrypoint: ['/app'], cmd: ['serve'] };

const NOW = Date.UTC(2026, 0, 1);

const cases: Record<string, [header: string | string[] | undefined, expected: number | undefined]> =
  {
    seconds: ['30', 30],
    'no seconds': ['0', 0],
    'a date': ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    'a date that is over': ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    'no header': [undefined, undefined],
    'two headers': [['1', '2'], undefined],
    'another text': ['soon', undefined],
    'an empty text': ['', undefined],
    'an older form of date': ['Thursday, 01-Jan-26 00:01:00 GMT', 60],
    'a negative number': ['-5', undefined],
    'a fraction': ['1.5', undefined],
    'more seconds than a day has': ['99999999999', 86_400],
    'a date in a hundred years': ['Wed, 01 Jan 2126 00:00:00 GMT', 86_400],
  };

for (const [name, [header, expected]] of Object.entries(cases)) {
  test(`reads Retry-After of ${name}`, () => {
    const answer = { status: 429, headers: { 'retry-after': header }, body: new Uint8Array() };
    assert.equal(readRetryAfterSeconds(answer, NOW), expected);
  });
}

test('any Retry-After is read as seconds of at most a day, or not at all', () => {
  const unit = fc.constantFrom(...Array.from('0189-:., '), 'Thu', 'Jan', 'GMT');
  const texts = fc.oneof(fc.string(), fc.string({ unit, maxLength: 40 }));
  const headers = fc.oneof(texts, fc.array(texts, { maxLength: 3 }));
  fc.assert(
    fc.property(headers, fc.date({ noInvalidDate: true }), (header, now) => {
      const answer = { status: 429, headers: { 'retry-after': header }, body: new Uint8Array() };
      const seconds = readRetryAfterSeconds(answer, now.getTime());
      if (seconds !== undefined) assert.ok(Number.isInteger(seconds) && seconds >= 0);
      if (seconds !== undefined) assert.ok(seconds <= 86_400);
    }),
    { numRuns: 1_000 },
  );
});

test('every date is read from Retry-After as it was written', () => {
  const max = new Date(NOW + 86_400_000);
  fc.assert(
    fc.property(fc.date({ min: new Date(NOW), max, noInvalidDate: true }), (date) => {
      const header = date.toUTCString();
      const answer = { status: 429, headers: { 'retry-after': header }, body: new Uint8Array() };
      assert.equal(readRetryAfterSeconds(answer, NOW), Math.floor((date.getTime() - NOW) / 1000));
    }),
  );
});

for (const part of ['9', '9 ', 'Thu, ', 'a', '(', '-']) {
  test(`reads a Retry-After of 100 kB of "${part}" at once`, () => {
    const header = `Thu, ${part.repeat(100_000 / part.length)}`;
    const started = performance.now();
    for (const text of [header, header.slice(5)]) {
      const answer = { status: 429, headers: { 'retry-after': text }, body: new Uint8Array() };
      readRetryAfterSeconds(answer, NOW);
    }
    assert.ok(performance.now() - started < 500);
  });
}

for (const status of [429, 500, 502, 503, 504]) {
  test(`asks again after ${status}`, async () => {
    const { registry, read } = await start();
    registry.addImage('app', 'v1', app);
    registry.answerNext(2, /manifests/, { status, headers: { 'retry-after': '0' } });
    assert.deepEqual((await read()).entrypoint, app.entrypoint);
  });
}

test('asks again after a connection that was reset', async () => {
  const { registry, read } = await start();
  registry.addImage('app', 'v1', app);
  registry.resetNext(1, /manifests/);
  assert.deepEqual((await read()).entrypoint, app.entrypoint);
});

test('a registry that stays busy is said to be, with the time it asks for', async () => {
  const { registry, read, countOf } = await start();
  registry.answerNext(Infinity, /./, { status: 429, headers: { 'retry-after': '30' } });
  await assert.rejects(read(), {
    code: 'registry_rate_limited',
    retryAfterSeconds: 30,
    message:
      /: answered 429, too many requests; add an imagePullSecret, try again later, or set command$/,
  });
  assert.equal(countOf(/./), 1);
});

test('a registry that stays broken is given up after four tries', async () => {
  const { registry, read, countOf } = await start();
  registry.answerNext(Infinity, /./, { status: 503, body: 'secret internals' });
  await assert.rejects(read(), {
    code: 'registry_unavailable',
    message: /: answered 503; try again later/,
  });
  assert.equal(countOf(/./), 4);
});

test('a registry that does not answer is given up in time', async () => {
  const { registry, read } = await start({ requestTimeoutMs: 100 });
  registry.neverAnswer(/./);
  await assert.rejects(read(), {
    code: 'registry_unavailable',
    message:
      /no connection, no trusted certificate or no answer within 0.1 s; check the registry's name/,
  });
});
