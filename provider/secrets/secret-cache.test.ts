import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ProviderError, type ErrorCode } from '../errors.ts';
import { createSecretCache, type CacheOutcome } from './secret-cache.ts';
import type { StoredSecret } from './stored-secret.ts';
import { parseSecretString } from './values.ts';
import { plainKey } from './reference.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const FOREVER = new AbortController().signal;
const TTL_MS = 5_000;

function secretOf(text: string): StoredSecret {
  const target = { kind: 'secret', names: ['shop/api'], arn: 'arn' } as const;
  return { content: parseSecretString(text), target, size: text.length };
}

/** A cache before a store whose answers the test gives, one by one. */
function create(ttlMs = TTL_MS) {
  let nowMs = 0;
  const outcomes: CacheOutcome[] = [];
  const asked: { key: string; signal: AbortSignal }[] = [];
  const answers: PromiseWithResolvers<StoredSecret>[] = [];
  const cache = createSecretCache({
    ttlMs,
    now: () => nowMs,
    observe: (outcome) => outcomes.push(outcome),
  });
  const read = cache<string, StoredSecret>(
    (key) => key,
    (key, signal) => {
      asked.push({ key, signal });
      const answer = Promise.withResolvers<StoredSecret>();
      answers.push(answer);
      return answer.promise;
    },
  );
  return {
    read: async (key: string, signal = FOREVER) =>
      (await read(key, signal)).content.find(plainKey('A'))?.reveal(),
    answer: async (text: string) => {
      answers.shift()?.resolve(secretOf(`{"A":"${text}"}`));
      await setImmediate();
    },
    fail: async (error: Error) => {
      answers.shift()?.reject(error);
      await setImmediate();
    },
    at: (ms: number) => (nowMs = ms),
    asked,
    outcomes,
  };
}

test('a secret is asked for once, until its time is up', async () => {
  const { read, answer, at, asked, outcomes } = create();
  const first = read('one');
  await answer('1');
  assert.equal(await first, '1');
  at(TTL_MS - 1);
  assert.equal(await read('one'), '1');
  at(TTL_MS);
  const later = read('one');
  await answer('2');
  assert.equal(await later, '2');
  assert.equal(asked.length, 2);
  assert.deepEqual(outcomes, ['miss', 'hit', 'miss']);
});

test('its time counts from the question, not from the answer', async () => {
  const { read, answer, at, asked } = create();
  const first = read('one');
  at(4_000);
  await answer('1');
  await first;
  at(TTL_MS);
  const later = read('one');
  await answer('2');
  assert.equal(await later, '2');
  assert.equal(asked.length, 2);
});

test('a thousand who ask at once cost one question', async () => {
  const { read, answer, asked, outcomes } = create();
  const reads = Array.from({ length: 1_000 }, () => read('one'));
  await answer('1');
  assert.deepEqual(new Set(await Promise.all(reads)), new Set(['1']));
  assert.equal(asked.length, 1);
  assert.equal(outcomes.filter((outcome) => outcome === 'joined').length, 999);
});

test('what differs in its key is asked for on its own', async () => {
  const { read, answer, asked } = create();
  const reads = [read('one'), read('two')];
  await answer('1');
  await answer('2');
  assert.deepEqual(await Promise.all(reads), ['1', '2']);
  assert.deepEqual(
    asked.map(({ key }) => key),
    ['one', 'two'],
  );
});

test('who leaves does not fail the others, and the question goes on for them', async () => {
  const { read, answer, asked } = create();
  const first = new AbortController();
  const reads = [read('one', first.signal), read('one')];
  first.abort(new Error('gone'));
  await assert.rejects(reads[0] ?? Promise.resolve(), { message: 'gone' });
  assert.equal(asked[0]?.signal.aborted, false);
  await answer('1');
  assert.equal(await reads[1], '1');
});

test('when all have left, the question ends, and the next one asks anew', async () => {
  const { read, answer, asked } = create();
  const [first, second] = [new AbortController(), new AbortController()];
  const reads = [read('one', first.signal), read('one', second.signal)];
  first.abort(new Error('gone'));
  second.abort(new Error('gone'));
  for (const one of reads) await assert.rejects(one, { message: 'gone' });
  assert.equal(asked[0]?.signal.aborted, true);
  const later = read('one');
  assert.equal(asked.length, 2);
  await answer('from the ended question');
  await answer('1');
  assert.equal(await later, '1');
});

test('who comes with an end that is over leaves at once', async () => {
  const { read } = create();
  await assert.rejects(read('one', AbortSignal.abort(new Error('over'))), { message: 'over' });
});

test('a question that is older than a kept answer may be is not joined', async () => {
  const { read, answer, at, asked } = create();
  const first = read('one');
  at(TTL_MS);
  const second = read('one');
  assert.equal(asked.length, 2);
  await answer('old');
  await answer('new');
  assert.deepEqual(await Promise.all([first, second]), ['old', 'new']);
  assert.equal(await read('one'), 'new', 'the old answer must not replace the new one');
});

const failures: Record<string, [code: ErrorCode, keptMs: number]> = {
  'a missing secret': ['secret_not_found', 1_000],
  'a refusal of AWS': ['aws_access_denied', 1_000],
  'a throttled question': ['aws_throttled', 1_000],
  'an AWS that cannot be reached': ['aws_unavailable', 0],
  'an answer that took too long': ['deadline_exceeded', 0],
};

for (const [name, [code, keptMs]] of Object.entries(failures)) {
  test(`${name} is remembered for ${keptMs / 1_000} s`, async () => {
    const { read, fail, answer, at, asked } = create();
    const first = assert.rejects(read('one'), { code });
    await fail(new ProviderError(code, 'no'));
    await first;
    if (keptMs > 0) {
      at(keptMs - 1);
      await assert.rejects(read('one'), { code });
      assert.equal(asked.length, 1);
    }
    at(keptMs);
    const later = read('one');
    await answer('1');
    assert.equal(await later, '1');
  });
}

test('a failure that is remembered says the same, and holds nothing else of the first', async () => {
  const { read, fail } = create();
  const code = 'aws_throttled';
  const first = new ProviderError(code, 'too fast', { cause: 'x', retryAfterSeconds: 2 });
  const reading = assert.rejects(read('one'), first);
  await fail(first);
  await reading;
  await assert.rejects(read('one'), (again) => {
    assert.ok(again instanceof ProviderError && again !== first);
    const { message, retryAfterSeconds, cause } = again;
    assert.deepEqual([message, retryAfterSeconds, cause], ['too fast', 2, undefined]);
    return again.code === code;
  });
});

test('of a failure that is remembered the error itself is let go', async () => {
  const cached = createSecretCache({ ttlMs: TTL_MS, observe: () => undefined, now: () => 0 });
  const thrown: WeakRef<Error>[] = [];
  const read = cached(
    () => 'one',
    () => {
      const error = new ProviderError('aws_throttled', 'too fast');
      thrown.push(new WeakRef(error));
      return Promise.reject(error);
    },
  );
  const fail = () => assert.rejects(read('one', FOREVER), { code: 'aws_throttled' });
  await fail();
  for (let turn = 0; turn < 10; turn += 1) {
    await setImmediate();
    collectGarbage();
  }
  await fail();
  assert.deepEqual(
    thrown.map((error) => error.deref()),
    [undefined],
    'asked once, and not kept',
  );
});

test('a failure is remembered for no longer than a value', async () => {
  const { read, fail, answer, at } = create(500);
  const code = 'secret_not_found';
  const first = assert.rejects(read('one'), { code });
  await fail(new ProviderError(code, 'no'));
  await first;
  at(500);
  const later = read('one');
  await answer('1');
  assert.equal(await later, '1');
});

test('failures are shared by those who asked at once', async () => {
  const { read, fail, asked } = create();
  const reads = Promise.allSettled(Array.from({ length: 10 }, () => read('one')));
  await fail(new ProviderError('aws_unavailable', 'no'));
  assert.ok((await reads).every(({ status }) => status === 'rejected'));
  assert.equal(asked.length, 1);
});

test('with 0 nothing is kept and nothing is shared', async () => {
  const { read, answer, asked, outcomes } = create(0);
  const reads = [read('one'), read('one')];
  await answer('1');
  await answer('2');
  assert.deepEqual(await Promise.all(reads), ['1', '2']);
  assert.equal(asked.length, 2);
  assert.deepEqual(outcomes, []);
});

test('more text than the cache may hold pushes out what was used least', async () => {
  const { read, answer, asked } = create();
  const large = 'x'.repeat(1_500_000);
  for (const key of ['one', 'two', 'three']) {
    const reading = read(key);
    await answer(large);
    await reading;
  }
  await read('three');
  assert.equal(asked.length, 3);
  void read('one');
  assert.equal(asked.length, 4);
  await answer(large);
});

test('more secrets than the cache may hold push out what was used least', async () => {
  const { read, answer, asked } = create();
  for (let index = 0; index <= 5_000; index += 1) {
    const reading = read(`secret-${index}`);
    await answer('1');
    await reading;
  }
  await read('secret-5000');
  assert.equal(asked.length, 5_001);
  void read('secret-0');
  assert.equal(asked.length, 5_002);
  await answer('1');
});
