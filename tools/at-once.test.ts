import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { forEachAtOnce } from './at-once.ts';

for (const atOnce of [1, 2, 3, 9]) {
  test(`of five, ${atOnce} at once are worked on, and each once`, async () => {
    const items = [0, 1, 2, 3, 4];
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await forEachAtOnce(items, atOnce, async (item) => {
      begun.push(item);
      running += 1;
      most = Math.max(most, running);
      // The first takes longest: the others do not wait for it.
      for (let turns = item === 0 ? 20 : 1; turns > 0; turns -= 1) await turn();
      running -= 1;
    });
    assert.deepEqual(begun, items);
    assert.equal(most, Math.min(atOnce, items.length));
    assert.equal(running, 0);
  });
}

test('what one of them throws is thrown', async () => {
  const work = (item: string) =>
    item === 'bad' ? Promise.reject(new Error('bad')) : Promise.resolve();
  await assert.rejects(forEachAtOnce(['good', 'bad'], 2, work), { message: 'bad' });
});
