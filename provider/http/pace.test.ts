import { Hono } from 'hono';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepPace } from './pace.ts';

test('who asks too often waits, and is answered all the same', async () => {
  let nowMs = 0;
  const app = new Hono();
  app.use(keepPace({ perSecond: 1, burst: 2, waitMs: 100 }, () => nowMs));
  app.get('/', (c) => c.text('ok'));
  const took = async () => {
    const sinceMs = performance.now();
    assert.equal(await (await app.request('/')).text(), 'ok');
    return performance.now() - sinceMs;
  };
  await took();
  await took();
  assert.ok((await took()) >= 99);
  nowMs = 1_000;
  // What waits answers nobody sooner: the one with a token is there before it.
  const ended: string[] = [];
  const end = (name: string) => () => ended.push(name);
  await Promise.all([took().then(end('with a token')), took().then(end('waiting'))]);
  assert.deepEqual(ended, ['with a token', 'waiting']);
});
