// Serves one application on one Node server so that it can stop without losing a request: while it stops, every answer
// says `Connection: close`, and a connection is closed as soon as it has nothing to answer. A client that does not read its
// answer loses its connection.

import { getRequestListener } from '@hono/node-server';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ObserveCut } from '../observability/metrics.ts';

export type Fetch = Parameters<typeof getRequestListener>[0];

export type Listener = {
  readonly listen: (host: string, port: number) => Promise<number>;
  /** From now on no connection outlives its next answer; new ones are still accepted. */
  readonly startClosing: () => void;
  /** Accepts no more; resolved when the last answer is out. */
  readonly close: () => Promise<void>;
  /** Cuts what is left. */
  readonly cut: () => void;
};

export type Application = { readonly fetch: Fetch; readonly observeCut: ObserveCut };

export function createListener(server: Server | TlsServer, application: Application): Listener {
  const { startClosing } = answerRequests(server, application);
  return {
    startClosing,
    listen: async (host, port) => {
      server.listen(port, host);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
    cut: () => {
      server.closeAllConnections();
    },
  };
}

/** An answer is sent within milliseconds; a launcher waits for 20 s in all. */
const SENT_WITHIN_MS = 10_000;

/** Who does not read an answer would have it kept for as long as they like. */
function limitSending(
  { socket }: IncomingMessage,
  response: ServerResponse,
  observeCut: ObserveCut,
): void {
  // The kernel has most answers whole by now.
  const isSent = response.writableEnded && socket.writableLength === 0;
  if (response.closed || isSent) return;
  const timer = setTimeout(() => {
    observeCut('answer_not_read');
    socket.destroy();
  }, SENT_WITHIN_MS);
  response.on('close', () => {
    clearTimeout(timer);
  });
}

function answerRequests(
  server: Server | TlsServer,
  { fetch, observeCut }: Application,
): Pick<Listener, 'startClosing'> {
  const handle = getRequestListener(fetch);
  const answering = new Set<ServerResponse>();
  let isClosing = false;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (isClosing) response.setHeader('Connection', 'close');
    answering.add(response);
    response.on('close', () => {
      answering.delete(response);
      // An answer whose head was out before the stop began has left its connection open.
      if (!server.listening)
        setImmediate(() => {
          server.closeIdleConnections();
        });
    });
    void handle(request, response).then(() => {
      limitSending(request, response, observeCut);
    });
  });
  return {
    startClosing: () => {
      isClosing = true;
      for (const response of answering) {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      }
    },
  };
}
