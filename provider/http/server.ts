// The three listeners: HTTPS for launchers, HTTP for Kyverno's sealed messages, HTTP for the kubelet and Prometheus.
// Sets the limits on slow clients, takes a new certificate in without dropping a connection, and stops gracefully. Lookups are
// answered in a thread of their own (wiring/lookup-thread.ts).

import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ConnectionLimits,
  limitConnections,
  limitNewConnections,
  selectNewConnectionsPerSecond,
} from './connection-limit.ts';
import type { GuardLimits } from './guard.ts';
import { type Application, createListener, type Listener } from './listener.ts';
import { limitOperations } from './operations-limit.ts';

export type ServerOptions = Application & {
  readonly host: string;
  readonly port: number;
};

type Bounded = ServerOptions & ConnectionLimits;

export type RunningServer = {
  readonly port: number;
  readonly stop: (stop: StopOptions) => Promise<void>;
};

export type LaunchServer = RunningServer & {
  /** For connections from now on. Throws where the two do not fit; the former certificate then stays. */
  readonly useCertificate: (certificate: CertificatePem) => void;
};

export type OperationsServer = Pick<RunningServer, 'port'> & { readonly stop: () => Promise<void> };

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

/** HTTPS. It has no certificate yet: until useCertificate, handshakes fail and readiness says so. */
export async function startLaunchServer(
  options: Bounded & Pick<GuardLimits, 'requestsPerSecondPerAddress'>,
): Promise<LaunchServer> {
  const server = createTlsServer({ ...slowClientLimits, ...launcherLimits, ...tlsLimits });
  limitNewConnections(server, {
    perSecond: selectNewConnectionsPerSecond(options),
    now: () => performance.now(),
    observeCut: options.observeCut,
  });
  limitConnections(server, options);
  return {
    ...(await startAnswering(createListener(server, options), options)),
    useCertificate: ({ certificate, privateKey }) => {
      server.setSecureContext({ ...tlsLimits, cert: certificate, key: privateKey });
    },
  };
}

/** HTTP. */
export function startLookupServer(options: Bounded): Promise<RunningServer> {
  const server = createServer(slowClientLimits);
  limitConnections(server, options);
  return startAnswering(createListener(server, options), options);
}

/** HTTP. Its stop waits for nobody. */
export async function startOperationsServer(options: ServerOptions): Promise<OperationsServer> {
  const server = createServer(slowClientLimits);
  limitOperations(server, { ...operationsLimits, observeCut: options.observeCut });
  const listener = createListener(server, options);
  return {
    port: await listener.listen(options.host, options.port),
    stop: async () => {
      listener.startClosing();
      const closed = listener.close();
      listener.cut();
      await closed;
    },
  };
}

async function startAnswering(
  listener: Listener,
  { host, port }: Pick<ServerOptions, 'host' | 'port'>,
): Promise<RunningServer> {
  return {
    port: await listener.listen(host, port),
    stop: async ({ drainDelayMs, endWork, withinMs }) => {
      listener.startClosing();
      const ending = setTimeout(endWork, withinMs - LAST_WORDS_MS);
      const cutting = setTimeout(listener.cut, withinMs);
      await delay(drainDelayMs);
      await listener.close();
      clearTimeout(ending);
      clearTimeout(cutting);
    },
  };
}
