// Opens a connection that the other side may close before it is there, as where there are too many.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectionClosed } from './connection-closed.ts';

export type Connection = {
  readonly socket: Socket;
  /** The same, or what carries its TLS. */
  readonly raw: Socket;
};

export type ConnectionOptions = {
  readonly port: number;
  readonly localAddress: string;
  /** For TLS, which it is without one not. */
  readonly ca?: string;
};

/** Closed when the test ends. What becomes of it is no failure of the test. */
export async function openConnection(
  context: TestContext,
  { port, localAddress, ca }: ConnectionOptions,
): Promise<Connection> {
  const raw = connect({ port, host: '127.0.0.1', localAddress });
  const socket = ca === undefined ? raw : connectTls({ socket: raw, host: '127.0.0.1', ca });
  for (const each of [raw, socket]) each.on('error', () => undefined);
  context.after(() => {
    raw.destroy();
  });
  await openedOrClosed(socket, ca === undefined ? 'connect' : 'secureConnect');
  return { socket, raw };
}

export async function openedOrClosed(
  socket: Socket | TLSSocket,
  opened: 'connect' | 'secureConnect',
): Promise<void> {
  await Promise.race([once(socket, opened).catch(() => undefined), connectionClosed(socket)]);
}
