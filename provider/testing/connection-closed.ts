// Waits until a connection is closed, by whichever side and in whichever way.

import type { Duplex } from 'node:stream';

/** Unlike `once(socket, 'close')` it doesn't fail where the other side resets the connection, as it does where it left bytes unread. */
export function connectionClosed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined).once('close', resolve);
    if (socket.closed) resolve();
  });
}
