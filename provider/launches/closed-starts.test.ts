import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClosedStarts } from './closed-starts.ts';
import type { ContainerStart } from './decide-launch.ts';

const MINUTE = 60_000;

const start: ContainerStart = {
  podUid: 'pod-1',
  container: 'app',
  restarts: 0,
  startedAtMs: 1000,
  windowMs: 120_000,
};
const pod = (number: number): ContainerStart => ({ ...start, podUid: `pod-${number}` });

function createStarts({ max = 100 } = {}) {
  const clock = { ms: 0 };
  const starts = createClosedStarts({ now: () => clock.ms, max });
  return { ...starts, at: (ms: number) => (clock.ms = ms) };
}

test('a start is kept until it is to be forgotten, and at most a minute longer', () => {
  const { add, has, at } = createStarts();
  add(start, 90_000);
  at(90_000 - 1);
  assert.equal(has(start), true);
  at(2 * MINUTE);
  assert.equal(has(start), false);
});

test('what is forgotten takes no memory', () => {
  const { add, at, count } = createStarts();
  for (let number = 0; number < 50; number += 1) add(pod(number), MINUTE);
  assert.equal(count(), 50);
  at(5 * MINUTE);
  add(start, 10 * MINUTE);
  assert.equal(count(), 1);
});

test('a start that is closed twice is counted once', () => {
  const { add, count } = createStarts();
  add(start, MINUTE);
  add(start, MINUTE);
  assert.equal(count(), 1);
});

test('beyond the limit those are forgotten whose time would come first', () => {
  const { add, has, count } = createStarts({ max: 3 });
  add(pod(1), 3 * MINUTE);
  add(pod(2), 2 * MINUTE);
  add(pod(3), 4 * MINUTE);
  add(pod(4), 5 * MINUTE);
  assert.equal(count(), 3);
  assert.deepEqual(
    [1, 2, 3, 4].map((number) => has(pod(number))),
    [true, false, true, true],
  );
});

const unknown = { ...start, startedAtMs: undefined };

test('a start whose time Kubernetes did not tell yet is the one that it tells first', () => {
  const { add, has } = createStarts();
  add(unknown, MINUTE);
  assert.equal(has(start), true);
  assert.equal(has({ ...start, startedAtMs: 9000 }), false);
  assert.equal(has(unknown), true);
});

const others: Record<string, ContainerStart> = {
  'another Pod': { ...start, podUid: 'pod-2' },
  'another container': { ...start, container: 'worker' },
  'the next start': { ...start, restarts: 1 },
  'a start counted anew': { ...start, startedAtMs: 9000 },
};
for (const [name, other] of Object.entries(others)) {
  test(`${name} is not closed with it`, () => {
    const { add, has } = createStarts();
    add(start, MINUTE);
    assert.deepEqual([has(start), has(other)], [true, false]);
  });
}
