import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenBucket, createTokenBuckets } from './token-bucket.ts';

function createBuckets() {
  let nowMs = 1_000;
  const buckets = createTokenBuckets({ perSecond: 2, burst: 10 }, () => nowMs);
  /** How many it takes until it has to wait. */
  const empty = (key: string) => {
    let taken = 0;
    while (buckets.take(key) === 0) taken += 1;
    return taken;
  };
  return { ...buckets, empty, pass: (ms: number) => (nowMs += ms) };
}

const passed: Record<string, [passedMs: number, tokens: number]> = {
  'at once': [0, 0],
  'half a second later': [500, 1],
  'before a whole token is there': [499, 0],
  'a long time later': [100_000, 10],
  'after the clock was set back': [-500, 0],
};

for (const [name, [passedMs, tokens]] of Object.entries(passed)) {
  test(`of an empty bucket ${tokens} can be taken ${name}`, () => {
    const { empty, pass } = createBuckets();
    assert.equal(empty('a'), 10);
    pass(passedMs);
    assert.equal(empty('a'), tokens);
  });
}

test('the wait is for what a whole token lacks, and who waits takes nothing', () => {
  const { take, empty, pass } = createBuckets();
  empty('a');
  assert.deepEqual([take('a'), take('a')], [0.5, 0.5]);
  pass(250);
  assert.deepEqual([take('a'), take('a')], [0.25, 0.25]);
  pass(250);
  assert.deepEqual([take('a'), take('a')], [0, 0.5]);
});

test('each key has a bucket of its own', () => {
  const { empty } = createBuckets();
  assert.deepEqual([empty('a'), empty('b'), empty('a')], [10, 10, 0]);
});

test('what is given back can be taken again, and fills no bucket beyond its burst', () => {
  const { giveBack, empty } = createBuckets();
  giveBack('a');
  assert.equal(empty('a'), 10);
  giveBack('a');
  assert.equal(empty('a'), 1);
});

test('of 20,001 keys the one that was not heard of for longest is forgotten, and starts full', () => {
  const { empty, take } = createBuckets();
  empty('first');
  empty('second');
  take('first');
  for (let key = 0; key < 19_999; key += 1) take(String(key));
  assert.deepEqual([empty('first'), empty('second')], [0, 10]);
});

test('a bucket for all together is one', () => {
  const bucket = createTokenBucket({ perSecond: 2, burst: 1 }, () => 0);
  assert.deepEqual([bucket.take(), bucket.take()], [0, 0.5]);
});
