// Stands in for lookups.ts: tells where it listens and takes keys, but fails at those called "fail", and hangs at
// those called "hang", or right after those called "hang later", until it is started again.

import { parentPort, workerData } from 'node:worker_threads';
import type {
  FromLookupThread,
  LookupThreadData,
  ToLookupThread,
} from '../wiring/lookup-thread.ts';

const { port, config } = workerData as LookupThreadData;
const isFirst = port === 0;

if (config.listeners.host === '192.0.2.1') throw new Error('it cannot listen there');
// It never listens.
if (config.listeners.host === '192.0.2.2') for (;;);
const hang = (): never => {
  for (;;);
};
const has = (message: ToLookupThread, key: string) =>
  isFirst && message.kind === 'keys' && message.keys.includes(key);

parentPort?.on('message', (message: ToLookupThread) => {
  if (has(message, 'hang')) hang();
  if (has(message, 'fail')) throw new Error('failed');
  parentPort?.postMessage(answerTo(message));
  if (has(message, 'hang later')) hang();
});
parentPort?.postMessage({ kind: 'listening', port: isFirst ? 4711 : port });

function answerTo(message: ToLookupThread): FromLookupThread {
  switch (message.kind) {
    case 'beat':
      return { kind: 'beat' };
    case 'keys':
      return { kind: 'keys in use', number: message.number };
    case 'stop':
      return { kind: 'stopped' };
  }
}
