import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { createHostLookup, createHostNames } from './host-names.ts';
import { shareHostNames } from './lookup-budget.ts';

const never = new AbortController().signal;
const ADDRESS: LookupAddress = { address: '93.184.216.34', family: 4 };

/** Names that are resolved when they are told to be, as slow ones are. */
function start(share = { all: 2, perKey: 1 }) {
  const asked: string[] = [];
  const ends = new Map<string, () => void>();
  const clock = { now: 0 };
  const hostNames = createHostNames({
    share,
    now: () => clock.now,
    resolve: (hostname) => {
      asked.push(hostname);
      return new Promise((resolve) => {
        ends.set(hostname, () => {
          resolve([ADDRESS]);
        });
      });
    },
  });
  const resolve = (hostname: string, namespace = 'shop', signal = never) =>
    hostNames.resolve(hostname, { namespace, signal });
  const end = async (hostname: string) => {
    ends.get(hostname)?.();
    await new Promise(setImmediate);
  };
  return { asked, clock, end, hostNames, resolve };
}

test('a namespace with names that never answer leaves the other slots to others', async () => {
  const { asked, end, resolve } = start();
  const slow = ['slow-1', 'slow-2', 'slow-3'].map((name) => resolve(name, 'loud'));
  const other = resolve('ghcr.io', 'shop');
  assert.deepEqual(asked, ['slow-1', 'ghcr.io']);
  await end('ghcr.io');
  assert.deepEqual(await other, [ADDRESS]);
  for (const name of ['slow-1', 'slow-2', 'slow-3']) await end(name);
  await Promise.all(slow);
});

test('who leaves does not give the slot back before the name is really resolved', async () => {
  const { asked, end, resolve } = start({ all: 1, perKey: 1 });
  const patience = new AbortController();
  const leaving = resolve('slow', 'loud', patience.signal);
  patience.abort(new Error('out of time'));
  await assert.rejects(leaving, /out of time/);
  const waiting = resolve('ghcr.io', 'shop');
  await new Promise(setImmediate);
  assert.deepEqual(asked, ['slow']);
  await end('slow');
  assert.deepEqual(asked, ['slow', 'ghcr.io']);
  await end('ghcr.io');
  assert.deepEqual(await waiting, [ADDRESS]);
});

test('who leaves the queue is not resolved for', async () => {
  const { asked, end, resolve } = start({ all: 1, perKey: 1 });
  const first = resolve('slow', 'loud');
  const patience = new AbortController();
  const leaving = resolve('unwanted', 'loud', patience.signal);
  patience.abort(new Error('out of time'));
  await assert.rejects(leaving, /out of time/);
  await end('slow');
  await first;
  assert.deepEqual(asked, ['slow']);
});

test('fifty images of one host resolve it once, and again when the answer is ten seconds old', async () => {
  const { asked, clock, end, resolve } = start({ all: 2, perKey: 2 });
  const all = Array.from({ length: 50 }, () => resolve('ghcr.io'));
  await end('ghcr.io');
  assert.deepEqual(new Set(await Promise.all(all)), new Set([[ADDRESS]]));
  clock.now += 9_999;
  await resolve('ghcr.io');
  assert.deepEqual(asked, ['ghcr.io']);
  clock.now += 1;
  const anew = resolve('ghcr.io');
  await end('ghcr.io');
  await anew;
  assert.deepEqual(asked, ['ghcr.io', 'ghcr.io']);
});

test('a name that cannot be resolved is asked for again', async () => {
  let asked = 0;
  const hostNames = createHostNames({
    share: { all: 1, perKey: 1 },
    now: () => 0,
    resolve: () => {
      asked += 1;
      return Promise.reject(new Error('ENOTFOUND'));
    },
  });
  const who = { namespace: 'shop', signal: never };
  await assert.rejects(hostNames.resolve('absent', who), /ENOTFOUND/);
  await assert.rejects(hostNames.resolve('absent', who), /ENOTFOUND/);
  assert.equal(asked, 2);
  assert.deepEqual(hostNames.latest('absent'), []);
});

test('clients that resolve by themselves take part in the share, for a limited time', async () => {
  const { asked, end, hostNames } = start({ all: 1, perKey: 1 });
  const lookup = createHostLookup(hostNames, { namespace: 'ECR', timeoutMs: 1 });
  const ask = (name: string) =>
    new Promise((resolve) => {
      lookup(name, { all: true }, (error, addresses) => {
        resolve(error ?? addresses);
      });
    });
  const first = hostNames.resolve('slow', { namespace: 'loud', signal: never });
  assert.match(String(await ask('api.ecr.eu-west-1.amazonaws.com')), /not done within 1 ms/);
  assert.deepEqual(asked, ['slow']);
  await end('slow');
  await first;
  assert.deepEqual(await ask('slow'), [ADDRESS]);
});

// libuv gives getaddrinfo half of its threads, rounded up (uv__work_queue, slow I/O).
for (const threads of [4, 5, 8, 16, 32, 128, 1024]) {
  test(`of ${threads} threads lookups leave half of those that resolve names to launches`, () => {
    const resolving = Math.floor((threads + 1) / 2);
    const { all, perKey } = shareHostNames(threads);
    assert.ok(all >= 1 && perKey >= 1 && perKey <= all);
    assert.ok(resolving - all >= resolving / 2);
  });
}
