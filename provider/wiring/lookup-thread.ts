// Runs the lookups in a thread of their own (decision 33): what authors and registries make it read and compute takes no time
// from launches, and if it fails it is started again while launches go on.

import { Worker } from 'node:worker_threads';
import type { Logger } from '../observability/logger.ts';
import type { Metrics, RequestOutcome } from '../observability/metrics.ts';

/** What the thread is started with. */
export type LookupThreadData = {
  /** To listen on; 0 is any. */
  readonly port: number;
};

export type ToLookupThread =
  | { readonly kind: 'keys'; readonly number: number; readonly keys: readonly string[] }
  | { readonly kind: 'stop'; readonly drainDelayMs: number; readonly withinMs: number };

export type FromLookupThread =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'keys in use'; readonly number: number }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'request'; readonly outcome: RequestOutcome }
  | { readonly kind: 'registry call'; readonly outcome: string; readonly durationMs: number }
  | { readonly kind: 'stopped' };

export type LookupThread = {
  /** The port that it listens on. Rejected where it cannot begin. */
  readonly listening: Promise<number>;
  /** Resolved as soon as questions under these keys, and no others, are answered. */
  readonly useKeys: (keys: readonly string[]) => Promise<void>;
  readonly stop: (times: StopTimes) => Promise<void>;
};

export type StopTimes = { readonly drainDelayMs: number; readonly withinMs: number };

export type LookupThreadOptions = {
  /** The module that calls answerLookups where it runs in a thread. */
  readonly entry: URL;
  readonly port: number;
  readonly log: Logger;
  /** Of the thread: a line as it is written. */
  readonly writeLine: (line: string) => void;
  readonly metrics: Pick<
    Metrics,
    'observeRegistryCall' | 'observeRequest' | 'observeLookupThreadFailure'
  >;
};

/** Its heap; what it reads from registries is held beside it, and bounded by images/lookup-budget.ts. */
const MAX_HEAP_MB = 128;
const RESTART_MS = 1_000;

export function startLookupThread(options: LookupThreadOptions): LookupThread {
  const { log, metrics } = options;
  const listening = Promise.withResolvers<number>();
  const stopped = Promise.withResolvers<undefined>();
  const keysInUse = createKeysInUse();
  let { port } = options;
  let isStopping = false;
  let worker = start();

  function start(): Worker {
    const data: LookupThreadData = { port };
    const started = new Worker(options.entry, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    keysInUse.sendTo(started);
    started.on('message', (message: FromLookupThread) => {
      receive(message);
    });
    started.on('error', (error) => {
      listening.reject(error);
      log.error({ error }, 'the lookups failed; they are started again, launches go on');
    });
    started.on('exit', () => {
      if (isStopping) {
        stopped.resolve(undefined);
        return;
      }
      metrics.observeLookupThreadFailure();
      listening.reject(new Error('the thread of the lookups ended'));
      setTimeout(() => {
        if (!isStopping) worker = start();
      }, RESTART_MS);
    });
    return started;
  }

  function receive(message: FromLookupThread): void {
    switch (message.kind) {
      case 'listening':
        // The same again, should it be started anew.
        port = message.port;
        listening.resolve(message.port);
        return;
      case 'keys in use':
        keysInUse.confirm(message.number);
        return;
      case 'line':
        options.writeLine(message.line);
        return;
      case 'request':
        metrics.observeRequest(message.outcome);
        return;
      case 'registry call':
        metrics.observeRegistryCall(message.outcome, message.durationMs);
        return;
      case 'stopped':
        stopped.resolve(undefined);
    }
  }

  return {
    listening: listening.promise,
    useKeys: (keys) => keysInUse.use(keys, worker),
    stop: async (times) => {
      isStopping = true;
      send(worker, { kind: 'stop', ...times });
      const ending = setTimeout(() => void worker.terminate(), times.withinMs);
      await stopped.promise;
      clearTimeout(ending);
      await worker.terminate();
    },
  };
}

/** The last keys, which a thread that is started again is given too, and who waits for them to be in use. */
function createKeysInUse() {
  let last: Extract<ToLookupThread, { kind: 'keys' }> = { kind: 'keys', number: 0, keys: [] };
  const waiting = new Map<number, () => void>();
  const sendTo = (worker: Worker) => {
    if (last.number > 0) send(worker, last);
  };
  return {
    sendTo,
    use: (keys: readonly string[], worker: Worker) => {
      last = { kind: 'keys', number: last.number + 1, keys };
      sendTo(worker);
      return new Promise<void>((resolve) => waiting.set(last.number, resolve));
    },
    confirm: (confirmed: number) => {
      for (const [number, resolve] of waiting) {
        if (number > confirmed) continue;
        waiting.delete(number);
        resolve();
      }
    },
  };
}

function send(worker: Worker, message: ToLookupThread): void {
  worker.postMessage(message);
}
