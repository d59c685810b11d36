import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnObject, OwnObjects } from '../kubernetes/own-objects-client.ts';
import { type Decision, type NotedStep, settle } from './settle.ts';

type Step = { readonly kind: string; readonly to: number };

/** Counts an object up to 3; `outcomes` are those of the writes, the rest are written. */
function count(outcomes: readonly ('written' | 'conflict')[], clockAheadMs = 0) {
  let stored = 0;
  const steps: NotedStep[] = [];
  const left = [...outcomes];
  const objects: OwnObjects = {
    namespace: 'piggy-system',
    clockAheadMs: () => clockAheadMs,
    read: () => Promise.resolve(undefined),
    write: () => {
      // Where another replica was faster it did the same.
      stored += 1;
      return Promise.resolve(left.shift() ?? 'written');
    },
  };
  const counting = settle<number, Step, string>(
    {
      read: () => Promise.resolve(stored),
      decide: (found): Decision<Step, string> =>
        found === 3 ? { settled: 'three' } : { step: { kind: 'count', to: found + 1 } },
      compose: ({ to }): OwnObject => ({
        kind: 'ConfigMap',
        metadata: { name: 'counter' },
        data: { count: String(to) },
      }),
    },
    { objects, note: (step) => steps.push(step) },
  );
  return { counting, steps };
}

test('it takes one step after the other until none is left', async () => {
  const { counting, steps } = count([]);
  assert.equal(await counting, 'three');
  assert.deepEqual(steps[0], {
    step: 'count',
    by: 'this replica',
    object: 'ConfigMap piggy-system/counter',
  });
  assert.equal(steps.length, 3);
});

test('where another replica was faster, it goes on from what that one wrote', async () => {
  const { counting, steps } = count(['written', 'conflict']);
  assert.equal(await counting, 'three');
  assert.deepEqual(
    steps.map(({ by }) => by),
    ['this replica', 'another replica', 'this replica'],
  );
});

for (const [name, aheadMs, message] of [
  ['ahead', 10 * 60_000, /clock of this replica is 10 minutes ahead of the API server's/],
  ['behind', -6 * 60_000, /clock of this replica is 6 minutes behind the API server's/],
] as const) {
  test(`with a clock far ${name} it writes nothing`, async () => {
    const { counting, steps } = count([], aheadMs);
    await assert.rejects(counting, { code: 'internal_error', message });
    assert.deepEqual(steps, []);
  });
}

test('a clock that differs a little is good enough', async () => {
  assert.equal(await count([], 4 * 60_000).counting, 'three');
});

test('what never settles ends with a message', async () => {
  const objects: OwnObjects = {
    namespace: 'piggy-system',
    clockAheadMs: () => 0,
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve('conflict'),
  };
  const endless = settle<undefined, Step, string>(
    {
      read: () => Promise.resolve(undefined),
      decide: () => ({ step: { kind: 'count', to: 1 } }),
      compose: () => ({ kind: 'Secret', metadata: { name: 'counter' }, data: {} }),
    },
    { objects, note: () => undefined },
  );
  await assert.rejects(endless, { message: /do not settle: something else keeps changing/ });
});
