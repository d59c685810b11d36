import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepUp } from './keep-up.ts';

test('it passes again and again, tells a failure once and its end, and stops', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const outcomes = ['one', 'one', 'two', 'good', 'good', 'one'];
  const told: string[] = [];
  let passes = 0;
  const { stop } = await keepUp({
    intervalMs: 30_000,
    random: () => 0.5,
    onFailure: (error) => told.push(String(error)),
    onSuccess: () => told.push('good'),
    pass: () => {
      const outcome = outcomes[passes] ?? 'good';
      passes += 1;
      return outcome === 'good' ? Promise.resolve() : Promise.reject(new Error(outcome));
    },
  });
  const letPass = async (afterMs: number) => {
    t.mock.timers.tick(afterMs - 1);
    await new Promise(setImmediate);
    const before = passes;
    t.mock.timers.tick(1);
    await new Promise(setImmediate);
    assert.equal(passes, before + 1);
  };
  assert.equal(passes, 1);
  // After failures it waits one, two and four seconds, after a good pass the whole interval.
  for (const waitMs of [1_000, 2_000, 4_000, 30_000, 30_000]) await letPass(waitMs);
  assert.deepEqual(told, ['Error: one', 'Error: two', 'good', 'good', 'Error: one']);
  stop();
  t.mock.timers.tick(1_000_000);
  await new Promise(setImmediate);
  assert.equal(passes, 6);
});

test('a wait after failures is never longer than the interval', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let passes = 0;
  const { stop } = await keepUp({
    intervalMs: 100,
    random: () => 0.5,
    onFailure: () => undefined,
    onSuccess: () => undefined,
    pass: () => {
      passes += 1;
      return Promise.reject(new Error('always'));
    },
  });
  for (let count = 0; count < 20; count += 1) {
    t.mock.timers.tick(100);
    await new Promise(setImmediate);
  }
  assert.equal(passes, 21);
  stop();
});
