import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOwnTokenReader } from './own-token.ts';

test('a token is read once in ten seconds, and then anew', async () => {
  let nowMs = 0;
  const files = ['first\n', 'second\n'];
  const read = createOwnTokenReader(
    () => Promise.resolve(files.shift() ?? ''),
    () => nowMs,
  );
  assert.equal(await read(), 'first');
  nowMs = 9_999;
  assert.equal(await read(), 'first');
  nowMs = 10_000;
  assert.equal(await read(), 'second');
});

test('a token that could not be read is tried again at once', async () => {
  const answers = [Promise.reject(new Error('ENOENT')), Promise.resolve('token')];
  const read = createOwnTokenReader(
    () => answers.shift() ?? assert.fail(),
    () => 0,
  );
  await assert.rejects(read(), /ENOENT/);
  assert.equal(await read(), 'token');
});
