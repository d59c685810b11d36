import { Hono } from 'hono';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createLogger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import { observeRequests, type RequestEnv } from './request-log.ts';

test('the line of an answer is out before the answer is there to be sent', async () => {
  const steps: string[] = [];
  const out = Promise.withResolvers<undefined>();
  const written = () => out.promise;
  const log = createLogger('info', { write: () => void steps.push('logged') });
  const observer = { log, written, metrics: createMetrics(), now: () => performance.now() };
  const app = new Hono<RequestEnv>().use(observeRequests(observer, '/v1/secret'));
  app.post('/v1/secret', (c) => c.json({}));
  const answered = (async () => {
    await app.request('/v1/secret', { method: 'POST' });
    steps.push('answered');
  })();
  await setImmediate();
  steps.push('out');
  out.resolve(undefined);
  await answered;
  assert.deepEqual(steps, ['logged', 'out', 'answered']);
});
