// What the applications of the listeners are made with in a test, and what a listener tells them of a connection.

import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { createGuard } from '../http/guard.ts';
import { createLogger } from '../observability/logger.ts';
import { type CutReason, createMetrics } from '../observability/metrics.ts';

export const json = { 'content-type': 'application/json' };
export const canary = 'canary-8f3a';
export const limits = {
  maxConcurrent: 10,
  maxConcurrentPerAddress: 10,
  requestsPerSecondPerAddress: 100,
};
/** What the listener tells about the connection, and brings the body. */
export const connection = (body: Readable = Readable.from([])) => ({
  incoming: Object.assign(body, { socket: { remoteAddress: '10.1.2.3' } }),
  outgoing: Object.assign(new EventEmitter(), { closed: false }),
});
export const bytes = (text: string) => Readable.from(text === '' ? [] : [Buffer.from(text)]);

export function createParts(overrides: { limits?: typeof limits; timeoutMs?: number } = {}) {
  const lines: string[] = [];
  const log = createLogger('debug', { write: (line) => void lines.push(line) });
  const metrics = createMetrics();
  const dependencies = {
    observer: {
      log,
      written: () => Promise.resolve(),
      metrics,
      now: () => performance.now(),
    },
    observeCut: (reason: CutReason) => {
      metrics.observeCut('launches', reason);
    },
    guard: createGuard(overrides.limits ?? limits, () => performance.now()),
    timeoutMs: overrides.timeoutMs ?? 60_000,
    stopping: new AbortController().signal,
  };
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { dependencies, metrics, logged };
}
