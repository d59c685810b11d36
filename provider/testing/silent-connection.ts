// A client that connects and says nothing, not even the first word of TLS.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** From `localAddress` to a port of this machine, once it is connected. What becomes of it is no error. */
export async function openSilently(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}
