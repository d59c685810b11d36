import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { withTimeLimit } from './time-limit.ts';

/** Work that ends only when it is told to, with the reason. */
const untilTold = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const leave = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
  });
const countTimers = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

test('work in time is its result, and leaves neither timer nor listener', async () => {
  const { signal } = new AbortController();
  const timers = countTimers();
  const limit = { timeoutMs: 60_000, signal };
  assert.equal(await withTimeLimit(limit, () => Promise.resolve('done')), 'done');
  await assert.rejects(
    withTimeLimit(limit, () => Promise.reject(new Error('own'))),
    /own/,
  );
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
  assert.equal(countTimers(), timers);
});

test('work is told when its time is up', async () => {
  await assert.rejects(withTimeLimit({ timeoutMs: 1 }, untilTold), { name: 'TimeoutError' });
});

test('work is told when its signal is aborted, before or while it runs', async () => {
  const reason = new Error('left');
  const before = { timeoutMs: 60_000, signal: AbortSignal.abort(reason) };
  await assert.rejects(withTimeLimit(before, untilTold), reason);
  const leaver = new AbortController();
  const left = withTimeLimit({ timeoutMs: 60_000, signal: leaver.signal }, untilTold);
  leaver.abort(reason);
  await assert.rejects(left, reason);
});
