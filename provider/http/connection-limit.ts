// Bounds the connections of a listener, in all and of one address, and how fast one address may open them. Where there are too
// many, one that asks nothing is closed for the one that arrives: of the address that has most of these, the one that was silent for
// longest.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createTokenBuckets } from '../concurrency/token-bucket.ts';
import type { ObserveCut } from '../observability/metrics.ts';
import type { GuardLimits } from './guard.ts';

export type ConnectionLimits = {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
};

export type ObservedLimits = ConnectionLimits & { readonly observeCut: ObserveCut };

/** Beside those in work there are idle ones, which wait for their next request. */
export function selectConnectionLimits(limits: GuardLimits): ConnectionLimits {
  return {
    maxConnections: 2 * limits.maxConcurrent,
    maxConnectionsPerAddress: limits.maxConcurrentPerAddress,
  };
}

/** Opening one costs processor time where it is TLS, be anything asked then or not. A launcher opens one for each request. */
const NEW_CONNECTIONS_PER_REQUEST = 2;
/** However few requests it may send: it is to be told so. */
const LEAST_NEW_CONNECTIONS = 100;
/** How many seconds' worth may come at once. */
const BURST_SECONDS = 2;

/** Goes before limitConnections: what is closed here takes the place of nobody. `now` in milliseconds, of a clock that does not go back. */
export function limitNewConnections(
  server: Server | TlsServer,
  {
    perSecond,
    now,
    observeCut,
  }: {
    readonly perSecond: number;
    readonly now: () => number;
    readonly observeCut: ObserveCut;
  },
): void {
  const rates = createTokenBuckets({ perSecond, burst: perSecond * BURST_SECONDS }, now);
  server.on('connection', (socket: Socket) => {
    if (rates.take(addressOf(socket)) === 0) return;
    observeCut('connections_too_fast');
    socket.destroy();
  });
}

export function selectNewConnectionsPerSecond({
  requestsPerSecondPerAddress,
}: Pick<GuardLimits, 'requestsPerSecondPerAddress'>): number {
  return Math.max(LEAST_NEW_CONNECTIONS, NEW_CONNECTIONS_PER_REQUEST * requestsPerSecondPerAddress);
}

export function limitConnections(server: Server | TlsServer, limits: ObservedLimits): void {
  limitAll(server, limits);
  limitEachAddress(server, limits);
}

function limitAll(
  server: Server | TlsServer,
  { maxConnections, observeCut }: ObservedLimits,
): void {
  const silent = createSilentSockets();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    if (socket.destroyed) return;
    const name = nameOf(socket);
    open += 1;
    socket.on('close', () => {
      open -= 1;
      silent.remove(name);
    });
    if (open > maxConnections) observeCut('too_many_connections');
    if (open > maxConnections && !silent.closeOne()) socket.destroy();
    else silent.add(name, socket);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const name = nameOf(socket);
    // Until all of a request is there, its connection asks nothing yet: nobody holds one by a head and one byte.
    if (!hasBody(request)) silent.remove(name);
    else
      request.once('end', () => {
        silent.remove(name);
      });
    response.on('close', () => {
      if (!socket.destroyed) silent.add(name, socket);
    });
  });
}

/** One address cannot take all connections by opening them and saying nothing. */
function limitEachAddress(
  server: Server | TlsServer,
  { maxConnectionsPerAddress, observeCut }: ObservedLimits,
): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    if (socket.destroyed) return;
    const address = addressOf(socket);
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.on('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count <= maxConnectionsPerAddress) return;
    observeCut('too_many_connections');
    socket.destroy();
  });
}

function addressOf({ remoteAddress = 'unknown' }: Socket): string {
  return remoteAddress;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

type Name = { readonly address: string; readonly port: number };

/** TLS wraps the socket that arrived into another one: both have this in common. */
function nameOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): Name {
  return { address: remoteAddress, port: remotePort };
}

function createSilentSockets() {
  const byAddress = new Map<string, Map<number, Socket>>();

  function remove({ address, port }: Name): void {
    const sockets = byAddress.get(address);
    sockets?.delete(port);
    if (sockets?.size === 0) byAddress.delete(address);
  }

  return {
    remove,
    add: ({ address, port }: Name, socket: Socket) => {
      const sockets = byAddress.get(address) ?? new Map<number, Socket>();
      sockets.set(port, socket);
      byAddress.set(address, sockets);
    },
    /** False where all are being answered. */
    closeOne: (): boolean => {
      let most: readonly [address: string, count: number] = ['', 0];
      for (const [address, { size }] of byAddress) if (size > most[1]) most = [address, size];
      const [oldest] = byAddress.get(most[0]) ?? [];
      if (oldest === undefined) return false;
      const [port, socket] = oldest;
      remove({ address: most[0], port });
      socket.destroy();
      return true;
    },
  };
}
