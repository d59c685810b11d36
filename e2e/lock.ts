// Lets one run at a time use the cluster. The lock is a socket that has no file: the kernel ends it with its process,
// however that ends, so that a killed run leaves no lock behind.

import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';

const address = '\0piggy-e2e';

/** Throws who holds it. It is held until this process ends. */
export async function lockCluster(): Promise<void> {
  const holder = `process ${process.pid}, since ${new Date().toISOString()}, in ${process.cwd()}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(holder);
  });
  const isHeld = await new Promise<boolean>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(true);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(false);
    });
  });
  if (isHeld) {
    throw new Error(`another run uses the cluster (${await askHolder()}): wait for its end`);
  }
  server.unref();
}

/** A holder that is stopped does not say who it is, but holds the lock nevertheless. */
async function askHolder(): Promise<string> {
  const socket = connect(address).setTimeout(2000);
  socket.on('timeout', () => socket.destroy(new Error('no answer')));
  return text(socket).catch(() => 'a process that does not say which');
}
