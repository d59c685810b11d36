import assert from 'node:assert/strict';
import { EventEmitter, getEventListeners } from 'node:events';
import { test } from 'node:test';
import { createDeadline } from './deadline.ts';

const never = () => new AbortController().signal;
const connected = () => Object.assign(new EventEmitter(), { closed: false });
/** Work that ends only when it is told to, with an error of its own. */
const patient = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('aborted'));
    });
  });
/** Work that does not listen. */
const deaf = () => new Promise<string>(() => undefined);

test('an answer in time is the answer, and nothing is left listening', async () => {
  const [client, stopping] = [connected(), never()];
  const keepDeadline = createDeadline({ timeoutMs: 60_000, stopping });
  const listening = () => getEventListeners(stopping, 'abort').length;
  const before = listening();
  assert.equal(await keepDeadline(client, () => Promise.resolve('answer')), 'answer');
  assert.deepEqual([client.listenerCount('close'), listening()], [0, before]);
});

test("the work's own failure is the failure", async () => {
  const keepDeadline = createDeadline({ timeoutMs: 60_000, stopping: never() });
  await assert.rejects(
    keepDeadline(connected(), () => Promise.reject(new Error('own'))),
    { message: 'own' },
  );
});

for (const [name, work] of Object.entries({
  'that listens': patient,
  'that does not listen': deaf,
})) {
  test(`work ${name} ends when its time is up`, async () => {
    const keepDeadline = createDeadline({ timeoutMs: 1, stopping: never() });
    await assert.rejects(keepDeadline(connected(), work), { code: 'deadline_exceeded' });
  });

  test(`work ${name} ends when the client goes away`, async () => {
    const client = connected();
    const keepDeadline = createDeadline({ timeoutMs: 60_000, stopping: never() });
    const answer = keepDeadline(client, work);
    client.emit('close');
    await assert.rejects(answer, { code: 'client_closed' });
  });

  test(`work ${name} ends when the client is gone before it begins`, async () => {
    const keepDeadline = createDeadline({ timeoutMs: 60_000, stopping: never() });
    const gone = Object.assign(new EventEmitter(), { closed: true });
    await assert.rejects(keepDeadline(gone, work), { code: 'client_closed' });
  });

  test(`work ${name} ends when the provider must stop, and the caller may try again`, async () => {
    const stopping = new AbortController();
    const keepDeadline = createDeadline({ timeoutMs: 60_000, stopping: stopping.signal });
    const refusal = { code: 'deadline_exceeded', retryAfterSeconds: 1 };
    const answers = [keepDeadline(connected(), work), keepDeadline(connected(), work)];
    stopping.abort();
    for (const answer of answers) await assert.rejects(answer, refusal);
    await assert.rejects(keepDeadline(connected(), work), refusal);
  });
}
