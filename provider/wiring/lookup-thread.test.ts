import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../observability/logger.ts';
import { startKubernetesApi } from '../testing/kubernetes-api.ts';
import { installProvider } from '../testing/provider-installation.ts';
import { type LookupThreadData, type Patience, startLookupThread } from './lookup-thread.ts';

const stopNow = { drainDelayMs: 0, withinMs: 10_000 };

const forever: Patience = { beginMs: 60_000, keysMs: 60_000, silenceMs: 60_000 };

const configFor = (host: string) =>
  loadConfig({
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: '1',
    PIGGY_LOOKUP_PORT: '0',
    PIGGY_HOST: host,
  });

function start(host: string, patience: Partial<Patience> = {}) {
  const lines: string[] = [];
  const failures = Promise.withResolvers<undefined>();
  const thread = startLookupThread({
    entry: new URL('../testing/thread-that-fails-once.ts', import.meta.url),
    config: configFor(host),
    log: createLogger('info', { write: (line: string) => lines.push(line) }),
    writeLines: (line) => lines.push(line),
    patience: { ...forever, ...patience },
    metrics: {
      observeCut: () => undefined,
      observeRequest: () => undefined,
      observeRegistryCall: () => undefined,
      observeLookupThreadFailure: () => {
        failures.resolve(undefined);
      },
    },
  });
  return { thread, lines, failed: failures.promise };
}

test('a thread that fails is started again, at its port and with the last keys', async () => {
  const { thread, lines, failed } = start('127.0.0.1');
  assert.equal(await thread.listening, 4711);
  await thread.useKeys(['good']);
  const inUse = thread.useKeys(['fail']);
  await failed;
  await inUse;
  assert.match(lines.join(''), /the lookups failed; they are started again, launches go on/);
  await thread.stop(stopNow);
});

test('a thread that hangs at its keys is ended and started again, and takes them', async () => {
  const { thread, lines, failed } = start('127.0.0.1', { keysMs: 500 });
  await thread.listening;
  const inUse = thread.useKeys(['hang']);
  await failed;
  await inUse;
  assert.match(lines.join(''), /the thread of the lookups took no sealing keys within 500 ms/);
  assert.match(lines.join(''), /the lookups failed; they are started again, launches go on/);
  await thread.stop(stopNow);
});

test('a thread that hangs later is ended and started again', async () => {
  const { thread, lines, failed } = start('127.0.0.1', { silenceMs: 500 });
  await thread.listening;
  await thread.useKeys(['hang later']);
  await failed;
  assert.match(lines.join(''), /the thread of the lookups said nothing for 500 ms/);
  assert.match(lines.join(''), /the lookups failed; they are started again, launches go on/);
  await thread.stop(stopNow);
});

test('a thread that has nothing to do says that it lives when it is asked', async (context) => {
  const kubernetes = await startKubernetesApi();
  const files = await installProvider({ kubernetes });
  const workerData: LookupThreadData = { config: loadConfig(files.env), port: 0 };
  const worker = new Worker(new URL('../lookups.ts', import.meta.url), { workerData });
  context.after(async () => {
    await Promise.all([worker.terminate(), kubernetes.stop()]);
    files.remove();
  });
  const [listening] = (await once(worker, 'message')) as [{ readonly kind: string }];
  assert.equal(listening.kind, 'listening');
  worker.postMessage({ kind: 'beat' });
  assert.deepEqual(await once(worker, 'message'), [{ kind: 'beat' }]);
});

test('a thread that never listens ends the wait for it', async () => {
  const { thread } = start('192.0.2.2', { beginMs: 500 });
  await assert.rejects(thread.listening, /did not begin within 500 ms/);
  await thread.stop(stopNow);
});

test('a stop while it has failed and is not started again yet ends at once', async () => {
  const { thread, failed } = start('127.0.0.1');
  await thread.listening;
  void thread.useKeys(['fail']);
  await failed;
  await thread.stop(stopNow);
});

test('a thread that cannot begin says why', async () => {
  const { thread, lines } = start('192.0.2.1');
  await assert.rejects(thread.listening, /it cannot listen there/);
  await thread.stop(stopNow);
  assert.deepEqual(lines, [], 'nothing goes on, and who waited tells why');
});
