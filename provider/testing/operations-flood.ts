// Asks a port for /metrics as fast as it can, over as many connections as it is told, of ten addresses; a connection that is
// closed is opened again. A program of its own, so that it takes no time of the one that measures. Arguments: port, connections.

import { connect } from 'node:net';

const [port = '', connections = ''] = process.argv.slice(2);
const question = 'GET /metrics HTTP/1.1\r\nHost: piggy\r\n\r\n';
let answers = 0;

function ask(localAddress: string): void {
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  socket.on('close', () => setImmediate(ask, localAddress));
  socket.on('connect', () => socket.write(question));
  socket.on('data', (chunk) => {
    // The end of an answer's text.
    if (!chunk.subarray(-1).equals(Buffer.from('\n'))) return;
    answers += 1;
    socket.write(question);
    if (answers === 1) process.stdout.write('flooding\n');
  });
}

for (let index = 0; index < Number(connections); index += 1) ask(`127.0.7.${(index % 10) + 1}`);
