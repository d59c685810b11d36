import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerRoom } from './answer-room.ts';

/** A room for ten bytes, the names of the answers that gave way, how many were observed to, and a clock. */
function createRoom() {
  const clock = { ms: 0 };
  const observed = { count: 0 };
  const observe = () => {
    observed.count += 1;
  };
  const room = createAnswerRoom(10, () => clock.ms, observe);
  const gone: string[] = [];
  const enter = (address: string, name: string, bytes: number) =>
    room.enter({ address, bytes, giveWay: () => void gone.push(name) });
  return { enter, gone, observed, clock };
}

test('answers that fit stay', () => {
  const { enter, gone } = createRoom();
  assert.ok(enter('a', 'one', 5));
  assert.ok(enter('b', 'two', 5));
  assert.deepEqual(gone, []);
});

test('for an address that has less, the first answer of the one that has most gives way', () => {
  const { enter, gone } = createRoom();
  enter('a', 'early', 3);
  enter('b', 'first', 3);
  enter('b', 'second', 4);
  assert.ok(enter('c', 'new', 2));
  assert.deepEqual(gone, ['first']);
});

const refused: Record<string, [address: string, bytes: number]> = {
  'of the address that has most': ['b', 1],
  'of an address that would have as much as any': ['c', 6],
  'of an address that would have most': ['a', 4],
};

for (const [name, [address, bytes]] of Object.entries(refused)) {
  test(`an answer ${name} is not made while all others are read`, () => {
    const { enter, gone, clock } = createRoom();
    enter('a', 'one', 4);
    enter('b', 'two', 6);
    clock.ms = 999;
    assert.equal(enter(address, 'new', bytes), undefined);
    assert.deepEqual(gone, []);
  });
}

test('who reads slowly gives way to anybody, the slowest first, and only as many as it takes', () => {
  const { enter, gone, observed, clock } = createRoom();
  enter('a', 'slowest', 2);
  clock.ms = 1;
  enter('b', 'slow', 2);
  clock.ms = 2;
  enter('b', 'other', 6);
  clock.ms = 1_001;
  assert.ok(enter('b', 'new', 3));
  assert.deepEqual(gone, ['slowest', 'slow']);
  assert.equal(observed.count, 2);
});

test('an answer that is sent makes room, once', () => {
  const { enter, gone } = createRoom();
  const one = enter('a', 'one', 8);
  one?.leave();
  one?.leave();
  assert.ok(enter('a', 'two', 10));
  assert.equal(enter('a', 'three', 1), undefined);
  assert.deepEqual(gone, []);
});

test('an answer that gave way counts no more when its connection is closed', () => {
  const { enter, clock } = createRoom();
  const one = enter('a', 'one', 6);
  enter('a', 'two', 4);
  clock.ms = 1_000;
  assert.ok(enter('b', 'new', 6));
  one?.leave();
  assert.equal(enter('c', 'another', 7), undefined);
});
