// Stands in for lookups.ts: tells where it listens and takes keys, but fails at those called "fail", and hangs at
// those called "hang", until it is started again.

import { parentPort, workerData } from 'node:worker_threads';
import type { LookupThreadData, ToLookupThread } from '../wiring/lookup-thread.ts';

const { port, config } = workerData as LookupThreadData;
const isFirst = port === 0;

if (config.listeners.host === '192.0.2.1') throw new Error('it cannot listen there');
// It never listens.
if (config.listeners.host === '192.0.2.2') for (;;);
parentPort?.on('message', (message: ToLookupThread) => {
  if (message.kind === 'stop') parentPort?.postMessage({ kind: 'stopped' });
  else if (isFirst && message.keys.includes('hang')) for (;;);
  else if (isFirst && message.keys.includes('fail')) throw new Error('failed');
  else parentPort?.postMessage({ kind: 'keys in use', number: message.number });
});
parentPort?.postMessage({ kind: 'listening', port: isFirst ? 4711 : port });
