// Builds the routes and opens the three listeners for them.

import type { createKyvernoAnswerer } from '../admission/kyverno.ts';
import { createLaunchApp, createLookupApp, createOperationsApp } from '../http/app.ts';
import { createGuard } from '../http/guard.ts';
import { type Servers, startServers } from '../http/server.ts';
import type { ReadLaunchValues } from '../launches/read-launch-values.ts';
import type { Provider } from './provider.ts';

/** Beyond the lookups' own deadline, which has the better message. */
const LOOKUP_GRACE_MS = 1_000;

type UseCases = {
  readonly readLaunchValues: ReadLaunchValues;
  readonly answerKyverno: ReturnType<typeof createKyvernoAnswerer>;
};

export function listen(
  { config, log, logWritten: written, metrics, readiness, stopping }: Provider,
  { readLaunchValues, answerKyverno }: UseCases,
): Promise<Servers> {
  const now = () => performance.now();
  const { listeners, limits } = config;
  const common = { observer: { log, written, metrics, now }, stopping: stopping.signal };
  const launches = createLaunchApp({
    ...common,
    readLaunchValues,
    guard: createGuard(limits, now),
    timeoutMs: config.secretTimeoutMs,
  });
  const lookups = createLookupApp({
    ...common,
    answerKyverno,
    guard: createGuard(limits, now),
    timeoutMs: config.registries.lookupTimeoutMs + LOOKUP_GRACE_MS,
  });
  const operations = createOperationsApp({ metrics, readiness, now });
  return startServers({
    host: listeners.host,
    launches: { port: listeners.launchPort, fetch: launches.fetch },
    lookups: { port: listeners.lookupPort, fetch: lookups.fetch },
    operations: { port: listeners.operationsPort, fetch: operations.fetch },
    // Beside those in work there are idle ones, which wait for their next request.
    maxConnections: 2 * limits.maxConcurrent,
    maxConnectionsPerAddress: limits.maxConcurrentPerAddress,
  });
}
