import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createLaunchRates, type RateDecision } from './launch-rates.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = 1_000;
});

function rates(perMinutePerPod: number, perSecond: number) {
  return createLaunchRates({ perMinutePerPod, perSecond }, () => nowMs);
}

function waitOf(decision: RateDecision): number | undefined {
  return decision.allowed ? undefined : decision.retryAfterSeconds;
}

test('a Pod may launch as often at once as in a minute, then it is told to wait', () => {
  const decide = rates(3, 1000);
  for (let index = 0; index < 3; index += 1) assert.deepEqual(decide('a'), { allowed: true });
  const decision = decide('a');
  assert.equal(waitOf(decision), 20);
  assert.match(
    decision.allowed ? '' : decision.message,
    /this Pod asks more than 3 times a minute/,
  );
});

test('who waits as long as told is allowed, and not before', () => {
  const decide = rates(3, 1000);
  for (let index = 0; index < 3; index += 1) decide('a');
  nowMs += 19_000;
  assert.equal(waitOf(decide('a')), 1);
  nowMs += 1_000;
  assert.equal(decide('a').allowed, true);
});

test('a Pod at its limit does not hold up another', () => {
  const decide = rates(1, 1000);
  assert.equal(decide('a').allowed, true);
  assert.equal(decide('a').allowed, false);
  assert.equal(decide('b').allowed, true);
});

test('all Pods together may launch twice a second’s worth at once', () => {
  const decide = rates(60, 2);
  for (const pod of ['a', 'b', 'c', 'd']) assert.equal(decide(pod).allowed, true);
  const decision = decide('e');
  assert.equal(waitOf(decision), 1);
  assert.match(decision.allowed ? '' : decision.message, /all Pods ask more than 2 times a second/);
  nowMs += 1_000;
  assert.equal(decide('e').allowed, true);
});

test('a Pod that is refused takes nothing from the others', () => {
  const decide = rates(1, 1);
  assert.equal(decide('a').allowed, true);
  for (let index = 0; index < 100; index += 1) assert.equal(decide('a').allowed, false);
  assert.equal(decide('b').allowed, true);
});

test('a Pod that has to wait for the others keeps what is its own', () => {
  const decide = rates(1, 1);
  decide('a');
  decide('b');
  for (let index = 0; index < 10; index += 1) assert.equal(decide('c').allowed, false);
  nowMs += 1_000;
  assert.equal(decide('c').allowed, true);
});

test('a long silence saves up no more than the burst', () => {
  const decide = rates(2, 1000);
  decide('a');
  nowMs += 3_600_000;
  assert.deepEqual(
    [decide('a'), decide('a'), decide('a')].map(({ allowed }) => allowed),
    [true, true, false],
  );
});
