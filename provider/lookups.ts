// What runs in the thread of the lookups (wiring/lookup-thread.ts): their listener, and all that answers it. Whatever others need
// to know of it goes to the main thread, which writes the log and keeps the metrics.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createKyvernoAnswerer } from './admission/kyverno.ts';
import { createLookupApp } from './http/app.ts';
import { selectConnectionLimits } from './http/connection-limit.ts';
import { createGuard } from './http/guard.ts';
import { startLookupServer } from './http/server.ts';
import type { RequestObserver } from './http/request-log.ts';
import { AT_ONCE } from './images/lookup-budget.ts';
import { createLogger, type LogLevel } from './observability/logger.ts';
import type { CutReason, RequestOutcome } from './observability/metrics.ts';
import { renewBeforeEnd } from './secrets/own-credentials.ts';
import { wireKubernetes } from './wiring/kubernetes.ts';
import type {
  FromLookupThread,
  LookupThreadData,
  RegistryCall,
  ToLookupThread,
} from './wiring/lookup-thread.ts';
import { wireLookups } from './wiring/lookups.ts';
import type { AwsCredentials } from './wiring/provider.ts';

/** Beyond the lookups' own deadline, which has the better message. */
const LOOKUP_GRACE_MS = 1_000;

if (parentPort === null) throw new Error('lookups.ts runs in a thread that main.ts starts');
await answerLookups(parentPort, workerData as LookupThreadData);

type Tell = (message: FromLookupThread) => void;

async function answerLookups(main: MessagePort, { config, port }: LookupThreadData): Promise<void> {
  const tell: Tell = (message) => {
    main.postMessage(message);
  };
  const reports = createReports(tell);
  answerBeats(main, tell);
  const kubernetes = wireKubernetes(config, { connections: AT_ONCE.pullSecrets.all });
  const lookups = await wireLookups(config, kubernetes, {
    credentials: createAwsCredentials(),
    observeCall: (outcome, durationMs) => {
      reports.addRegistryCall({ outcome, durationMs });
    },
  });
  const stopping = new AbortController();
  const { limits, listeners, registries } = config;
  const app = createLookupApp({
    observer: createObserver(config.logLevel, reports),
    observeCut: reports.addCut,
    stopping: stopping.signal,
    answerKyverno: createKyvernoAnswerer({ ...lookups, keys: followKeys(main, tell) }),
    guard: createGuard(limits, () => performance.now()),
    timeoutMs: registries.lookupTimeoutMs + LOOKUP_GRACE_MS,
  });
  const server = await startLookupServer({
    ...{ host: listeners.host, port, fetch: app.fetch, observeCut: reports.addCut },
    ...selectConnectionLimits(limits),
  });
  stopWhenTold(main, async ({ drainDelayMs, withinMs }) => {
    const endWork = () => {
      stopping.abort();
    };
    await server.stop({ drainDelayMs, withinMs, endWork });
    await lookups.close();
    reports.send();
    tell({ kind: 'stopped' });
  });
  tell({ kind: 'listening', port: server.port });
}

/** As long as the event loop of this thread goes round. */
function answerBeats(main: MessagePort, tell: Tell): void {
  main.on('message', (message: ToLookupThread) => {
    if (message.kind === 'beat') tell({ kind: 'beat' });
  });
}

type Reports = ReturnType<typeof createReports>;

/** Those of one turn of the event loop go together: each message costs either thread more than what it says. */
function createReports(tell: Tell) {
  let lines = '';
  let requests: RequestOutcome[] = [];
  let registryCalls: RegistryCall[] = [];
  let cuts: CutReason[] = [];
  let isWaiting = false;
  const send = () => {
    if (!isWaiting) return;
    tell({ kind: 'reports', lines, requests, registryCalls, cuts });
    [lines, requests, registryCalls, cuts, isWaiting] = ['', [], [], [], false];
  };
  const sendLater = () => {
    if (!isWaiting) setImmediate(send);
    isWaiting = true;
  };
  return {
    send,
    addLine: (line: string) => {
      lines += line;
      sendLater();
    },
    addRequest: (outcome: RequestOutcome) => {
      requests.push(outcome);
      sendLater();
    },
    addRegistryCall: (call: RegistryCall) => {
      registryCalls.push(call);
      sendLater();
    },
    addCut: (reason: CutReason) => {
      cuts.push(reason);
      sendLater();
    },
  };
}

/** Loaded by the first who needs them, for ECR: 4 MB of memory that most installations do not need in this thread. */
function createAwsCredentials(): AwsCredentials {
  let loaded: Promise<AwsCredentials> | undefined;
  const load = async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
    return renewBeforeEnd(defaultProvider(), Date.now);
  };
  return async (options) => {
    loaded ??= load();
    return (await loaded)(options);
  };
}

function createObserver(level: LogLevel, { addLine, addRequest }: Reports): RequestObserver {
  return {
    log: createLogger(level, { write: addLine }),
    // No answer holds a secret value, so none has to wait for its line (decision 28).
    written: () => Promise.resolve(),
    metrics: { observeRequest: addRequest },
    now: () => performance.now(),
  };
}

/** The sealing keys of each moment. */
function followKeys(main: MessagePort, tell: Tell): () => readonly string[] {
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
