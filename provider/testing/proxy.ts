// An HTTP proxy on 127.0.0.1 that opens connections by CONNECT, to where the test says each host is.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export type TestProxy = {
  readonly origin: string;
  /** What was asked of it, as `host:port`, with the Proxy-Authorization. */
  readonly requests: readonly {
    readonly target: string;
    readonly authorization: string | undefined;
  }[];
  readonly close: () => Promise<void>;
};

/** `places`: `host:port` → `host:port` where it really is. What is not there is refused with 403. */
export async function startProxy(places: ReadonlyMap<string, string>): Promise<TestProxy> {
  const requests: { target: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', ({ url: target = '', headers }, client: Socket) => {
    requests.push({ target, authorization: headers['proxy-authorization'] });
    const [host, port] = places.get(target)?.split(':') ?? [];
    if (host === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    keep(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
