import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsignedToken } from '../testing/unsigned-token.ts';
import { createPodLimit } from './pod-limit.ts';
import { parseLaunchToken } from './token.ts';

const mint = (jti: string) => parseLaunchToken(unsignedToken({ jti }), Date.now());
const token = mint('1');

function createLimit(perMinutePerPod = 60) {
  let nowMs = 0;
  const limit = createPodLimit({ perMinutePerPod }, () => nowMs);
  /** As the API server is asked: about the token, and then whose it is. */
  const ask = (podUid: string, sent = token) =>
    limit.decideToken(sent).allowed && limit.decidePod(podUid, sent).allowed;
  const askOften = (podUid: string, times: number) =>
    Array.from({ length: times }, () => ask(podUid)).filter((isAllowed) => isAllowed).length;
  return { ...limit, ask, askOften, pass: (ms: number) => (nowMs += ms) };
}

test('a Pod may ask 400 times at once, and then 20 times a second', () => {
  const { askOften, pass } = createLimit();
  assert.equal(askOften('a', 1_000), 400);
  pass(1_000);
  assert.equal(askOften('a', 1_000), 20);
});

test('who asks too fast is told so, and does not hold up another Pod', () => {
  const { decidePod, askOften, ask } = createLimit();
  askOften('a', 400);
  assert.deepEqual(decidePod('a', token), {
    allowed: false,
    message: 'this Pod asks more than 20 times a second; try again later',
    retryAfterSeconds: 1,
  });
  assert.ok(ask('b', mint('2')));
});

test('a token of a Pod that asks too fast is known, until the Pod may ask again', () => {
  const { decideToken, decidePod, askOften, pass } = createLimit();
  const other = mint('2');
  askOften('a', 401);
  assert.ok(!decideToken(token).allowed);
  assert.ok(decideToken(other).allowed, 'nobody knows yet whose it is');
  assert.ok(!decidePod('a', other).allowed);
  assert.ok(!decideToken(other).allowed);
  pass(50);
  assert.ok(decideToken(token).allowed);
  assert.ok(!decideToken(token).allowed, 'counted, before it is asked about');
  assert.ok(decidePod('a', token).allowed, 'and not twice');
  assert.ok(!decideToken(other).allowed);
});

test('what may go on to AWS may be asked', () => {
  const { askOften, pass } = createLimit(6_000);
  assert.equal(askOften('a', 10_000), 6_000);
  pass(1_000);
  assert.equal(askOften('a', 10_000), 100);
});

test('fifty containers whose launchers all try again for a minute are never refused', () => {
  const { ask, pass } = createLimit();
  // The pauses of envlauncher/internal/launch, at their shortest, in milliseconds.
  const pauses = [50, 100, 200, 400, 800, 1_600, ...Array<number>(22).fill(2_500)];
  for (const pause of [0, ...pauses]) {
    pass(pause);
    for (let container = 0; container < 50; container += 1) assert.ok(ask('a'));
  }
});
