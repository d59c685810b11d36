import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStart } from './decide-launch.ts';
import { createLaunchWindow } from './launch-window.ts';

const HOUR = 3_600_000;

const start: ContainerStart = {
  podUid: 'pod-1',
  container: 'app',
  restarts: 0,
  startedAtMs: 1000,
  windowMs: 120_000,
};

function createWindow() {
  const clock = { ms: 2000 };
  const launchWindow = createLaunchWindow({ now: () => clock.ms });
  return {
    pass: (ms: number) => (clock.ms += ms),
    isOpen: (asked: ContainerStart = start) => launchWindow.decide(asked).allowed,
    answer: (asked: ContainerStart = start) => launchWindow.closeAfterAnswer(asked).allowed,
  };
}

test('a start that was not answered yet is open, however often it is asked about', () => {
  const { isOpen } = createWindow();
  assert.deepEqual([isOpen(), isOpen(), isOpen(), isOpen()], [true, true, true, true]);
});

test('an answer may be repeated twice within five seconds', () => {
  const { answer, isOpen } = createWindow();
  assert.deepEqual([answer(), answer(), answer()], [true, true, true]);
  assert.deepEqual([isOpen(), answer()], [false, false]);
});

test('after five seconds an answer is not repeated', () => {
  const { answer, isOpen, pass } = createWindow();
  answer();
  pass(4999);
  assert.equal(isOpen(), true);
  pass(1);
  assert.deepEqual([isOpen(), answer()], [false, false]);
});

test('the five seconds count from the first answer', () => {
  const { answer, pass } = createWindow();
  answer();
  pass(4000);
  answer();
  pass(4000);
  assert.equal(answer(), false);
});

test('of many requests that passed at once only three are answered', () => {
  const { answer, isOpen } = createWindow();
  const passed = Array.from({ length: 100 }, () => isOpen());
  assert.ok(passed.every((isPassed) => isPassed));
  assert.equal(passed.filter(() => answer()).length, 3);
});

const others: Record<string, ContainerStart> = {
  'the next start of the container': { ...start, restarts: 1, startedAtMs: 9000 },
  'another container of the Pod': { ...start, container: 'worker' },
  'another Pod': { ...start, podUid: 'pod-2' },
  'a start that is counted anew': { ...start, startedAtMs: 9000 },
};

for (const [name, other] of Object.entries(others)) {
  test(`an answer does not close the window of ${name}`, () => {
    const { answer, isOpen, pass } = createWindow();
    answer();
    pass(5000);
    assert.deepEqual([isOpen(start), isOpen(other)], [false, true]);
  });
}

test('an answer before Kubernetes says when the container started closes its window', () => {
  const { answer, isOpen, pass } = createWindow();
  answer({ ...start, startedAtMs: undefined });
  pass(5000);
  assert.deepEqual([isOpen(start), isOpen({ ...start, startedAtMs: undefined })], [false, false]);
});

test('a start that is counted anew is another one, also after an answer that came early', () => {
  const { answer, isOpen, pass } = createWindow();
  answer({ ...start, startedAtMs: undefined });
  pass(5000);
  assert.equal(isOpen(start), false);
  assert.equal(isOpen({ ...start, startedAtMs: 9000 }), true);
});

test('an answer is remembered longer than any status stays behind', () => {
  const { answer, isOpen, pass } = createWindow();
  const early = { ...start, startedAtMs: undefined };
  answer(early);
  pass(HOUR);
  assert.equal(isOpen(early), false);
  pass(180_000);
  assert.equal(isOpen(early), true);
});

test('what is forgotten does not make what is remembered be forgotten', () => {
  const { answer, isOpen, pass } = createWindow();
  answer(start);
  pass(HOUR);
  answer({ ...start, podUid: 'pod-2' });
  pass(180_000);
  answer({ ...start, podUid: 'pod-3' });
  assert.deepEqual([isOpen(start), isOpen({ ...start, podUid: 'pod-2' })], [true, false]);
});
