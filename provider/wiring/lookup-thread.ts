// Runs the lookups in a thread of their own (decision 33): what authors and registries make it read and compute takes no time
// from launches, and if it fails it is started again while launches go on.

import { Worker } from 'node:worker_threads';
import type { Config } from '../config/load-config.ts';
import { ProviderError } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { CutReason, Metrics, RequestOutcome } from '../observability/metrics.ts';
import { createPulse, type Pulse } from './thread-pulse.ts';

/** What the thread is started with. */
export type LookupThreadData = {
  readonly config: Config;
  /** To listen on; 0 is any. */
  readonly port: number;
};

export type ToLookupThread =
  /** Whether it still answers. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'keys'; readonly number: number; readonly keys: readonly string[] }
  | { readonly kind: 'stop'; readonly drainDelayMs: number; readonly withinMs: number };

export type FromLookupThread =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'keys in use'; readonly number: number }
  | ({ readonly kind: 'reports' } & LookupReports)
  | { readonly kind: 'beat' }
  /** All is answered, or cut: it can be ended. */
  | { readonly kind: 'stopped' };

/** What happened since the last ones, for the log and the metrics. */
export type LookupReports = {
  /** As they are written, one after the other. */
  readonly lines: string;
  readonly requests: readonly RequestOutcome[];
  readonly registryCalls: readonly RegistryCall[];
  readonly cuts: readonly CutReason[];
};

export type RegistryCall = { readonly outcome: string; readonly durationMs: number };

export type LookupThread = {
  /** The port that it listens on. Rejected where it cannot begin. */
  readonly listening: Promise<number>;
  /** Resolved as soon as questions under these keys, and no others, are answered. */
  readonly useKeys: (keys: readonly string[]) => Promise<void>;
  readonly stop: (times: StopTimes) => Promise<void>;
};

export type StopTimes = { readonly drainDelayMs: number; readonly withinMs: number };

export type LookupThreadOptions = {
  /** The module that runs in the thread: lookups.ts. */
  readonly entry: URL;
  readonly config: Config;
  readonly log: Logger;
  /** Of the thread, as they are. */
  readonly writeLines: (lines: string) => void;
  readonly patience?: Patience;
  readonly metrics: Pick<
    Metrics,
    'observeCut' | 'observeRegistryCall' | 'observeRequest' | 'observeLookupThreadFailure'
  >;
};

export type Patience = {
  /** Until it listens. */
  readonly beginMs: number;
  /** Until it has taken keys. */
  readonly keysMs: number;
  /** Between its messages, for which it is asked as often: twice as long at most. */
  readonly silenceMs: number;
};

/** All of these take well under a second; it does not answer at all where its loop stands still. */
const PATIENCE: Patience = { beginMs: 30_000, keysMs: 30_000, silenceMs: 30_000 };

/** Its heap; what it reads from registries is held beside it, and bounded by images/lookup-budget.ts. */
const MAX_HEAP_MB = 128;
const RESTART_MS = 1_000;

export function startLookupThread(options: LookupThreadOptions): LookupThread {
  const { config, log, metrics, patience = PATIENCE } = options;
  const listening = Promise.withResolvers<number>();
  // Who waits for it reads it; until then it is no rejection that nobody handles.
  listening.promise.catch(() => undefined);
  const keysInUse = createKeysInUse();
  let port = config.listeners.lookupPort;
  let hasListened = false;
  let isStopping = false;
  const run = () =>
    runThread(options, port, {
      keysInUse,
      listening: (opened) => {
        // The same again, should it be started anew.
        port = opened;
        hasListened = true;
        listening.resolve(opened);
      },
      failed: (error) => {
        // Who waits for the first start tells what became of it.
        if (!hasListened) listening.reject(error);
        else log.error({ error }, 'the lookups failed; they are started again, launches go on');
      },
      ended: () => {
        if (isStopping) return;
        metrics.observeLookupThreadFailure();
        setTimeout(() => {
          if (!isStopping) running = run();
        }, RESTART_MS);
      },
    });
  let running = run();
  return {
    listening: listening.promise,
    useKeys: (keys) =>
      waitForKeys(keysInUse.use(keys, running.worker), patience.keysMs, () => running),
    stop: async (times) => {
      isStopping = true;
      await stopThread(running, times);
    },
  };
}

/** A thread that is started again meanwhile has as long. */
async function waitForKeys(
  inUse: Promise<void>,
  withinMs: number,
  current: () => RunningThread,
): Promise<void> {
  const watch = setInterval(() => {
    current().giveUp(`took no sealing keys within ${withinMs} ms`);
  }, withinMs);
  // Whoever stops need not wait for it.
  watch.unref();
  await inUse;
  clearInterval(watch);
}

type RunningThread = {
  readonly worker: Worker;
  readonly ended: Promise<void>;
  /** Ends one that does not answer, as one that failed. */
  readonly giveUp: (what: string) => void;
};

type ThreadObserver = {
  readonly keysInUse: KeysInUse;
  readonly listening: (port: number) => void;
  readonly failed: (error: unknown) => void;
  readonly ended: () => void;
};

function runThread(
  options: LookupThreadOptions,
  port: number,
  observer: ThreadObserver,
): RunningThread {
  const workerData: LookupThreadData = { config: options.config, port };
  const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB };
  const worker = new Worker(options.entry, { workerData, resourceLimits });
  worker.on('error', observer.failed);
  const giveUp = (what: string) => {
    observer.failed(new ProviderError('internal_error', `the thread of the lookups ${what}`));
    void worker.terminate();
  };
  const { beginMs, silenceMs } = options.patience ?? PATIENCE;
  const beginning = setTimeout(giveUp, beginMs, `did not begin within ${beginMs} ms`);
  const pulse = takePulse(worker, silenceMs, giveUp);
  worker.on('message', (message: FromLookupThread) => {
    clearTimeout(beginning);
    pulse.heard();
    if (message.kind === 'listening') observer.listening(message.port);
    else if (message.kind === 'keys in use') observer.keysInUse.confirm(message.number);
    else if (message.kind === 'reports') pass(message, options);
    else if (message.kind === 'stopped') void worker.terminate();
  });
  observer.keysInUse.sendTo(worker);
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      clearTimeout(beginning);
      pulse.end();
      observer.ended();
      resolve();
    });
  });
  return { worker, ended, giveUp };
}

function takePulse(worker: Worker, silenceMs: number, giveUp: RunningThread['giveUp']): Pulse {
  return createPulse(silenceMs, {
    ask: () => {
      send(worker, { kind: 'beat' });
    },
    giveUp: () => {
      giveUp(`said nothing for ${silenceMs} ms`);
    },
  });
}

async function stopThread({ worker, ended }: RunningThread, times: StopTimes): Promise<void> {
  send(worker, { kind: 'stop', ...times });
  const cutting = setTimeout(() => void worker.terminate(), times.withinMs);
  await ended;
  clearTimeout(cutting);
}

function pass(
  { lines, requests, registryCalls, cuts }: LookupReports,
  { metrics, writeLines }: Pick<LookupThreadOptions, 'metrics' | 'writeLines'>,
): void {
  if (lines !== '') writeLines(lines);
  for (const outcome of requests) metrics.observeRequest(outcome);
  for (const { outcome, durationMs } of registryCalls)
    metrics.observeRegistryCall(outcome, durationMs);
  for (const reason of cuts) metrics.observeCut('lookups', reason);
}

type KeysInUse = ReturnType<typeof createKeysInUse>;

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
