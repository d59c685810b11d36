// What runs in the thread of the lookups: their listener, and all that answers it. Whatever others need to know of it goes to the
// thread that started it, which writes the log and keeps the metrics.

import type { MessagePort } from 'node:worker_threads';
import { createKyvernoAnswerer } from '../admission/kyverno.ts';
import type { Config } from '../config/load-config.ts';
import { createLookupApp } from '../http/app.ts';
import { createGuard } from '../http/guard.ts';
import { startLookupServer } from '../http/server.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { createLogger } from '../observability/logger.ts';
import type { FromLookupThread, LookupThreadData, ToLookupThread } from './lookup-thread.ts';
import { wireLookups } from './lookups.ts';
import type { AwsCredentials } from './provider.ts';

/** Beyond the lookups' own deadline, which has the better message. */
const LOOKUP_GRACE_MS = 1_000;

export type LookupWorkerParts = {
  readonly config: Config;
  readonly kubernetes: KubernetesClient;
  readonly credentials: AwsCredentials;
  /** To the thread that started this one. */
  readonly main: MessagePort;
  readonly data: LookupThreadData;
};

export async function answerLookups(parts: LookupWorkerParts): Promise<void> {
  const { config, kubernetes, credentials, data } = parts;
  const tell = (message: FromLookupThread) => {
    parts.main.postMessage(message);
  };
  const stopping = new AbortController();
  const now = () => performance.now();
  const lookups = await wireLookups(config, kubernetes, {
    credentials,
    observeCall: () => {
      const sinceMs = now();
      return (outcome) => {
        tell({ kind: 'registry call', outcome, durationMs: now() - sinceMs });
      };
    },
  });
  const keys = followKeys(parts.main, tell);
  const app = createLookupApp({
    observer: {
      log: createLogger(config.logLevel, {
        write: (line: string) => {
          tell({ kind: 'line', line });
        },
      }),
      // No secret value is in any answer that could be out before its line (decision 28).
      written: () => Promise.resolve(),
      metrics: {
        observeRequest: (outcome) => {
          tell({ kind: 'request', outcome });
        },
      },
      now,
    },
    stopping: stopping.signal,
    answerKyverno: createKyvernoAnswerer({ ...lookups, keys }),
    guard: createGuard(config.limits, now),
    timeoutMs: config.registries.lookupTimeoutMs + LOOKUP_GRACE_MS,
  });
  const { limits, listeners } = config;
  const server = await startLookupServer({
    ...{ host: listeners.host, port: data.port, fetch: app.fetch },
    // Beside those in work there are idle ones, which wait for their next request.
    maxConnections: 2 * limits.maxConcurrent,
    maxConnectionsPerAddress: limits.maxConcurrentPerAddress,
  });
  stopWhenTold(parts.main, async ({ drainDelayMs, withinMs }) => {
    const endWork = () => {
      stopping.abort();
    };
    await server.stop({ drainDelayMs, withinMs, endWork });
    await lookups.close();
    tell({ kind: 'stopped' });
  });
  tell({ kind: 'listening', port: server.port });
}

/** The sealing keys of each moment. */
function followKeys(
  main: MessagePort,
  tell: (message: FromLookupThread) => void,
): () => readonly string[] {
  let keys: readonly string[] = [];
  main.on('message', (message: ToLookupThread) => {
    if (message.kind !== 'keys') return;
    ({ keys } = message);
    tell({ kind: 'keys in use', number: message.number });
  });
  return () => keys;
}

function stopWhenTold(
  main: MessagePort,
  stop: (message: Extract<ToLookupThread, { kind: 'stop' }>) => Promise<void>,
): void {
  main.on('message', (message: ToLookupThread) => {
    if (message.kind === 'stop') void stop(message);
  });
}
