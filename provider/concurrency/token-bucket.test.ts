import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refill, secondsToToken } from './token-bucket.ts';

const rate = { perSecond: 2, burst: 10 };

const cases = {
  'no bucket yet': [undefined, 0, 10],
  'half a second later': [{ tokens: 3, atMs: 1_000 }, 1_500, 4],
  'a long time later': [{ tokens: 3, atMs: 1_000 }, 100_000, 10],
  'at once': [{ tokens: 0.5, atMs: 1_000 }, 1_000, 0.5],
  'after the clock was set back': [{ tokens: 3, atMs: 5_000 }, 1_000, 3],
} as const;

for (const [name, [bucket, nowMs, tokens]] of Object.entries(cases)) {
  test(`${name} there are ${tokens} tokens`, () => {
    assert.deepEqual(refill(bucket, rate, nowMs), { tokens, atMs: nowMs });
  });
}

test('the wait is for what a whole token lacks', () => {
  assert.equal(secondsToToken({ tokens: 0, atMs: 0 }, rate), 0.5);
  assert.equal(secondsToToken({ tokens: 0.5, atMs: 0 }, rate), 0.25);
});
