// The three listeners: HTTPS for launchers, HTTP for Kyverno's sealed messages, HTTP for the kubelet and Prometheus.
// Sets the limits on slow clients, takes a new certificate in without dropping a connection, and stops gracefully.

import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionLimits, limitConnections } from './connection-limit.ts';
import { createListener, type Fetch } from './listener.ts';
import { limitOperations } from './operations-limit.ts';

export type ServersOptions = ConnectionLimits & {
  readonly host: string;
  readonly launches: { readonly port: number; readonly fetch: Fetch };
  readonly lookups: { readonly port: number; readonly fetch: Fetch };
  readonly operations: { readonly port: number; readonly fetch: Fetch };
};

export type Servers = {
  readonly ports: {
    readonly launchPort: number;
    readonly lookupPort: number;
    readonly operationsPort: number;
  };
  /** For connections from now on. Throws where the two do not fit; the former certificate then stays. */
  readonly useCertificate: (certificate: CertificatePem) => void;
  readonly stop: (stop: StopOptions) => Promise<void>;
};

export type CertificatePem = { readonly certificate: string; readonly privateKey: string };

export type StopOptions = {
  /** How long new connections are still accepted: until every node knows that this replica is gone. */
  readonly drainDelayMs: number;
  /** Called when work that is not done yet must end, with time left to answer so. */
  readonly endWork: () => void;
  /** In all, from the signal to the end. */
  readonly withinMs: number;
};

/** At the end of a stop, for answers to those whose work was ended. */
const LAST_WORDS_MS = 500;

const slowClientLimits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  // Longer than Go's idle connections live (90 s), so that it is the client who closes them.
  keepAliveTimeout: 95_000,
};
/** A launcher asks once. */
const launcherLimits = { keepAliveTimeout: 5_000 };
/** The kubelet, Prometheus, and a person who looks. */
const operationsLimits = { maxConnections: 32, maxConnectionsPerAddress: 4 };
const tlsLimits = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;

export async function startServers(options: ServersOptions): Promise<Servers> {
  // It has no certificate yet: until useCertificate, handshakes fail and readiness says so.
  const tlsServer = createTlsServer({ ...slowClientLimits, ...launcherLimits, ...tlsLimits });
  const lookupServer = createServer(slowClientLimits);
  const operationsServer = createServer(slowClientLimits);
  for (const server of [tlsServer, lookupServer]) limitConnections(server, options);
  limitOperations(operationsServer, operationsLimits);
  const launches = createListener(tlsServer, options.launches.fetch);
  const lookups = createListener(lookupServer, options.lookups.fetch);
  const operations = createListener(operationsServer, options.operations.fetch);
  const { host } = options;
  const ports = {
    operationsPort: await operations.listen(host, options.operations.port),
    lookupPort: await lookups.listen(host, options.lookups.port),
    launchPort: await launches.listen(host, options.launches.port),
  };
  return {
    ports,
    useCertificate: ({ certificate, privateKey }) => {
      tlsServer.setSecureContext({ ...tlsLimits, cert: certificate, key: privateKey });
    },
    stop: async ({ drainDelayMs, endWork, withinMs }) => {
      const answering = [launches, lookups];
      for (const listener of answering) listener.startClosing();
      const ending = setTimeout(endWork, withinMs - LAST_WORDS_MS);
      const cutting = setTimeout(() => {
        for (const listener of answering) listener.cut();
      }, withinMs);
      await delay(drainDelayMs);
      await Promise.all(answering.map((listener) => listener.close()));
      clearTimeout(ending);
      clearTimeout(cutting);
      operations.startClosing();
      const closed = operations.close();
      operations.cut();
      await closed;
    },
  };
}
