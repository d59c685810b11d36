// A server over TLS that answers every request with one text, as soon as it has read it and done what is to be done first.

import { once } from 'node:events';
import { createServer, type ServerOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestAuthority } from '../provider/testing/certificates.ts';

export type CannedServer = {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly answerWith: (text: string) => void;
  readonly stop: () => Promise<void>;
};

export async function startCannedServer(
  first: (request: IncomingMessage) => Promise<void> = () => Promise.resolve(),
): Promise<CannedServer> {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue();
  let answer = '{}';
  const options: ServerOptions = { cert: certificate, key: privateKey };
  const server = createServer(options, (request, response) => {
    const respond = (status: number) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
    };
    request.resume().on('end', () => {
      first(request).then(
        () => {
          respond(200);
        },
        () => {
          respond(500);
        },
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authority.ca,
    answerWith: (text) => (answer = text),
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
