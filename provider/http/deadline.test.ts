import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { withDeadline } from './deadline.ts';

const never = () => new AbortController().signal;
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
  const [client, stopping] = [never(), never()];
  const ends = { timeoutMs: 60_000, client, stopping };
  assert.equal(await withDeadline(ends, () => Promise.resolve('answer')), 'answer');
  assert.deepEqual(
    [...getEventListeners(client, 'abort'), ...getEventListeners(stopping, 'abort')],
    [],
  );
});

test("the work's own failure is the failure", async () => {
  const ends = { timeoutMs: 60_000, client: never(), stopping: never() };
  await assert.rejects(
    withDeadline(ends, () => Promise.reject(new Error('own'))),
    { message: 'own' },
  );
});

for (const [name, work] of Object.entries({
  'that listens': patient,
  'that does not listen': deaf,
})) {
  test(`work ${name} ends when its time is up`, async () => {
    const ends = { timeoutMs: 1, client: never(), stopping: never() };
    await assert.rejects(withDeadline(ends, work), { code: 'deadline_exceeded' });
  });

  test(`work ${name} ends when the client is gone`, async () => {
    const client = new AbortController();
    const ends = { timeoutMs: 60_000, client: client.signal, stopping: never() };
    const answer = withDeadline(ends, work);
    client.abort();
    await assert.rejects(answer, { code: 'client_closed' });
  });

  test(`work ${name} ends when the provider must stop, and the caller may try again`, async () => {
    const ends = { timeoutMs: 60_000, client: never(), stopping: AbortSignal.abort() };
    await assert.rejects(withDeadline(ends, work), {
      code: 'deadline_exceeded',
      retryAfterSeconds: 1,
    });
  });
}
