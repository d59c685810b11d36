// Opens the listeners of the main thread, for launchers and for kubelet and Prometheus, and stops them.

import { createLaunchApp, createOperationsApp } from '../http/app.ts';
import { selectConnectionLimits } from '../http/connection-limit.ts';
import { createGuard } from '../http/guard.ts';
import {
  type LaunchServer,
  type StopOptions,
  startLaunchServer,
  startOperationsServer,
} from '../http/server.ts';
import type { ReadLaunchValues } from '../launches/read-launch-values.ts';
import { parseLaunchToken } from '../launches/token.ts';
import type { ListenerName, ObserveCut } from '../observability/metrics.ts';
import type { Provider } from './provider.ts';

export type Servers = Pick<LaunchServer, 'useCertificate'> & {
  readonly ports: { readonly launchPort: number; readonly operationsPort: number };
  /** Of launches, and beside them what `others` stops; then of operations, which tell about it until the end. */
  readonly stop: (stop: StopOptions, others: Promise<void>) => Promise<void>;
};

export async function listen(
  { config, log, logWritten: written, metrics, readiness, stopping }: Provider,
  readLaunchValues: ReadLaunchValues,
): Promise<Servers> {
  const now = () => performance.now();
  const { listeners, limits } = config;
  const observe = observerOf(metrics);
  const app = createLaunchApp({
    observer: { log, written, metrics, now },
    observeCut: observe('launches'),
    stopping: stopping.signal,
    readLaunchValues,
    parseToken: (written) => parseLaunchToken(written, Date.now()),
    guard: createGuard(limits, now),
    timeoutMs: config.secretTimeoutMs,
  });
  const { host } = listeners;
  const operations = await startOperationsServer({
    ...{ host, port: listeners.operationsPort },
    fetch: createOperationsApp({ metrics, readiness, now }).fetch,
    observeCut: observe('operations'),
  });
  const launches = await startLaunchServer({
    ...{ host, port: listeners.launchPort, fetch: app.fetch },
    observeCut: observe('launches'),
    ...selectConnectionLimits(limits),
    requestsPerSecondPerAddress: limits.requestsPerSecondPerAddress,
  });
  return {
    ports: { operationsPort: operations.port, launchPort: launches.port },
    useCertificate: launches.useCertificate,
    stop: async (stop, others) => {
      await Promise.all([launches.stop(stop), others]);
      await operations.stop();
    },
  };
}

function observerOf({ observeCut }: Provider['metrics']): (listener: ListenerName) => ObserveCut {
  return (listener) => (reason) => {
    observeCut(listener, reason);
  };
}
