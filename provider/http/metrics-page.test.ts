import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsPage } from './metrics-page.ts';

function createPage() {
  let nowMs = 0;
  let rendered = 0;
  const render = () =>
    Promise.resolve({ text: String((rendered += 1)), contentType: 'text/plain' });
  const read = createMetricsPage(render, () => nowMs);
  const wait = (ms: number) => (nowMs += ms);
  return { read: async () => (await read()).text, wait };
}

test('who reads now and then gets a text that is made for them', async () => {
  const { read, wait } = createPage();
  for (let reading = 1; reading <= 20; reading += 1) {
    assert.equal(await read(), String(reading));
    wait(1_000);
  }
});

test('however often it is asked for, the text is made ten times at once, and then once a second', async () => {
  const { read, wait } = createPage();
  for (let reading = 0; reading < 100; reading += 1) await read();
  assert.equal(await read(), '10');
  wait(999);
  assert.equal(await read(), '10');
  wait(1);
  assert.deepEqual([await read(), await read()], ['11', '11']);
});
