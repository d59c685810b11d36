import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from './until-aborted.ts';

const gone = new Error('nobody waits any more');

test('who is not aborted gets what the work gets', async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve('done'), signal), 'done');
  await assert.rejects(
    untilAborted(Promise.reject(new Error('failed')), signal),
    /^Error: failed$/,
  );
});

test('who is aborted leaves with the reason, and the others wait on', async () => {
  const { promise: work, resolve } = Promise.withResolvers<string>();
  const impatient = new AbortController();
  const patient = untilAborted(work, new AbortController().signal);
  const leaving = untilAborted(work, impatient.signal);
  impatient.abort(gone);
  await assert.rejects(leaving, gone);
  resolve('done');
  assert.equal(await patient, 'done');
});

test('who was aborted before does not wait at all', async () => {
  const never = new Promise<never>(() => undefined);
  await assert.rejects(untilAborted(never, AbortSignal.abort(gone)), gone);
});
