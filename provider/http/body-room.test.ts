import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBodyRoom } from './body-room.ts';

/** A room for ten bytes, the names of the bodies that gave way, and how many were observed to. */
function createRoom() {
  const observed = { count: 0 };
  const room = createBodyRoom(10, () => {
    observed.count += 1;
  });
  const gone: string[] = [];
  const enter = (address: string, name: string) => room.enter(address, () => void gone.push(name));
  return { enter, gone, observed };
}

test('bodies that fit stay', () => {
  const { enter, gone } = createRoom();
  enter('a', 'one').grow(5);
  enter('b', 'two').grow(5);
  assert.deepEqual(gone, []);
});

test('where they are too many, the one that began first gives way, of the address that has most of the bytes', () => {
  const { enter, gone } = createRoom();
  enter('a', 'early').grow(4);
  enter('b', 'first').grow(3);
  enter('b', 'second').grow(3);
  enter('c', 'new').grow(1);
  assert.deepEqual(gone, ['first']);
});

test('as many give way as it takes, the body that grows too', () => {
  const { enter, gone, observed } = createRoom();
  enter('a', 'one').grow(2);
  const two = enter('a', 'two');
  two.grow(8);
  two.grow(3);
  assert.deepEqual(gone, ['one', 'two']);
  two.grow(100);
  two.leave();
  enter('a', 'three').grow(10);
  assert.deepEqual(gone, ['one', 'two'], 'what is gone counts no more');
  assert.equal(observed.count, 2);
});

test('a body that was received makes room, once', () => {
  const { enter, gone } = createRoom();
  const one = enter('a', 'one');
  one.grow(8);
  one.leave();
  one.leave();
  enter('a', 'two').grow(10);
  assert.deepEqual(gone, []);
});
