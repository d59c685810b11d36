import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots } from './slots.ts';

const { signal } = new AbortController();

/** Work that is done when it is told, and what has begun so far. */
function createWork(slots: ReturnType<typeof createSlots>) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, key: string, own: AbortSignal = signal) =>
    slots.run({ key, signal: own }, () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { begun, start, end };
}

test('no more than all is done at once, and who waits comes in order', async () => {
  const { begun, start, end } = createWork(createSlots({ all: 2, perKey: 2 }));
  const done = ['one', 'two', 'three', 'four'].map((name) => start(name, name));
  assert.deepEqual(begun, ['one', 'two']);
  await end('two');
  assert.deepEqual(begun, ['one', 'two', 'three']);
  await end('one');
  await end('three');
  await end('four');
  await Promise.all(done);
});

test('one who asks has a share, and leaves the rest to others', async () => {
  const { begun, start, end } = createWork(createSlots({ all: 3, perKey: 2 }));
  const done = [start('a1', 'a'), start('a2', 'a'), start('a3', 'a'), start('b1', 'b')];
  assert.deepEqual(begun, ['a1', 'a2', 'b1']);
  await end('b1');
  assert.deepEqual(begun, ['a1', 'a2', 'b1'], 'the third of a has to wait for one of its own');
  await end('a1');
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3']);
  await end('a2');
  await end('a3');
  await Promise.all(done);
});

test('who leaves while waiting takes no slot', async () => {
  const { begun, start, end } = createWork(createSlots({ all: 1, perKey: 1 }));
  const controller = new AbortController();
  const first = start('first', 'a');
  const second = start('second', 'b', controller.signal);
  const third = start('third', 'c');
  controller.abort(new Error('gone'));
  await assert.rejects(second, /gone/);
  await end('first');
  assert.deepEqual(begun, ['first', 'third']);
  await end('third');
  await Promise.all([first, third]);
});

test('work that fails gives its slot back', async () => {
  const slots = createSlots({ all: 1, perKey: 1 });
  const failing = slots.run({ key: 'a', signal }, () => Promise.reject(new Error('no')));
  await assert.rejects(failing, /no/);
  assert.equal(await slots.run({ key: 'a', signal }, () => Promise.resolve('yes')), 'yes');
});

test('who has left before asks for nothing', async () => {
  const slots = createSlots({ all: 1, perKey: 1 });
  const left = slots.run({ key: 'a', signal: AbortSignal.abort(new Error('gone')) }, () =>
    Promise.resolve(),
  );
  await assert.rejects(left, /gone/);
});
