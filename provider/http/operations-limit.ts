// Bounds the connections of the operations port, which anybody may open: few in all, and few of one address. Where there are too
// many, one is closed for the one that arrives, so that a probe is not kept out: first one that had its answer.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ObservedLimits } from './connection-limit.ts';

/** The last of these that is closed; its answer is made within milliseconds, so a client that reads slowly is as good as silent. */
const inOrderOfClosing = ['answered', 'silent', 'asking'] as const;

type Connection = {
  readonly socket: Socket;
  readonly address: string;
  state: (typeof inOrderOfClosing)[number];
};

export function limitOperations(
  server: Server,
  { maxConnections, maxConnectionsPerAddress, observeCut }: ObservedLimits,
): void {
  const open = new Map<Socket, Connection>();
  const close = (candidates: readonly Connection[]) => {
    const socket = selectClosed(candidates);
    if (socket === undefined) return;
    open.delete(socket);
    observeCut('too_many_connections');
    socket.destroy();
  };
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? 'unknown';
    const all = [...open.values()];
    const own = all.filter((connection) => connection.address === address);
    if (own.length >= maxConnectionsPerAddress) close(own);
    else if (all.length >= maxConnections) close(selectMost(all));
    open.set(socket, { socket, address, state: 'silent' });
    socket.on('close', () => open.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(socket);
    if (connection === undefined) return;
    connection.state = 'asking';
    response.on('close', () => {
      connection.state = 'answered';
    });
  });
}

/** Of those that are closed first, the one that was opened first. */
function selectClosed(candidates: readonly Connection[]): Socket | undefined {
  for (const closing of inOrderOfClosing) {
    const found = candidates.find(({ state }) => state === closing);
    if (found !== undefined) return found.socket;
  }
  return undefined;
}

function selectMost(all: readonly Connection[]): readonly Connection[] {
  const byAddress = [...Map.groupBy(all, ({ address }) => address).values()];
  return byAddress.toSorted((one, other) => other.length - one.length)[0] ?? [];
}
