import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReviewLimit } from './review-limit.ts';

const FOREVER = new AbortController().signal;

function createLimit() {
  let nowMs = 0;
  const verified: string[] = [];
  const admit = createReviewLimit({
    refusedPerSecond: 2,
    verifySignature: (token) => {
      verified.push(token);
      if (token === 'good') return Promise.resolve('verified');
      return Promise.resolve(token === 'dark' ? 'keys unknown' : 'unverified');
    },
    now: () => nowMs,
  });
  return {
    admit: (token: string, address = 'a') => admit({ token, address }, FOREVER),
    pass: (ms: number) => (nowMs += ms),
    verified,
  };
}

async function exhaust(admit: ReturnType<typeof createLimit>['admit']): Promise<void> {
  for (const token of ['1', '2', '3', '4']) await admit(token);
}

test('an address may send so many refused tokens; of the others only those of the cluster are asked about', async () => {
  const { admit, pass, verified } = createLimit();
  await exhaust(admit);
  assert.deepEqual(verified, []);
  await assert.rejects(admit('5'), {
    code: 'rate_limited',
    message: /more than 2 tokens a second that are refused/,
    retryAfterSeconds: 0.5,
  });
  await admit('good');
  await admit('5', 'b');
  pass(500);
  await admit('6');
  await assert.rejects(admit('7'), { code: 'rate_limited' });
});

test('an accepted token leaves the others theirs', async () => {
  const { admit, verified } = createLimit();
  for (let launch = 0; launch < 50; launch += 1) (await admit('good'))();
  await exhaust(admit);
  assert.deepEqual(verified, []);
  (await admit('good'))();
  await assert.rejects(admit('5'), { code: 'rate_limited' }, 'one that took nothing gives nothing');
});

test('many at once are all unknown, until the first are accepted', async () => {
  const { admit, verified } = createLimit();
  const accepts = await Promise.all(Array.from({ length: 10 }, () => admit('good')));
  assert.equal(verified.length, 6);
  for (const accept of accepts) accept();
  await exhaust(admit);
  assert.equal(verified.length, 6);
});

test('where the keys are not known, every token is asked about', async () => {
  const { admit } = createLimit();
  await exhaust(admit);
  await admit('dark');
});
