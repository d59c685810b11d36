// A registry on 127.0.0.1 that speaks the distribution protocol and misbehaves on demand,
// for tests, golden policies and the demo.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  createGuard,
  errorAnswer,
  writeAnswer,
  type Answer,
  type Disturbance,
  type RecordedRequest,
  type RegistryAccess,
} from './registry-access.ts';
import {
  createConfig,
  createDocument,
  createIndex,
  createManifest,
  type Document,
  type Image,
} from './registry-images.ts';

export type RegistryOptions = {
  /** Everybody, unless said otherwise. */
  readonly access?: RegistryAccess;
  /** PEM; with it the registry speaks HTTPS. */
  readonly certificate?: { readonly cert: string; readonly key: string };
};

export type TestRegistry = Awaited<ReturnType<typeof startRegistry>>;

export async function startRegistry({ access, certificate }: RegistryOptions = {}) {
  const documents = new Map<string, Document>();
  const requests: RecordedRequest[] = [];
  const disturbances: Disturbance[] = [];
  const guard = createGuard(access ?? { kind: 'anonymous' }, () => origin);

  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const request = await record(incoming);
    requests.push(request);
    const isAnswered = [...disturbances, guard].some((disturb) => disturb(request, response));
    if (!isAnswered) serve(request, response, documents);
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener);
  let connections = 0;
  let openConnections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    openConnections += 1;
    socket.on('close', () => {
      openConnections -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const origin = `${certificate ? 'https' : 'http'}://${host}`;

  const putBlob = (repository: string, blob: Document): void => {
    documents.set(`/v2/${repository}/blobs/${blob.digest}`, blob);
  };
  const putManifest = (repository: string, reference: string, manifest: Document): string => {
    documents.set(`/v2/${repository}/manifests/${reference}`, manifest);
    documents.set(`/v2/${repository}/manifests/${manifest.digest}`, manifest);
    return manifest.digest;
  };
  const storeImage = (repository: string, image: Image): Document => {
    const config = createConfig(image);
    putBlob(repository, config);
    return createManifest(image, config);
  };

  return {
    /** `127.0.0.1:<port>`: what references to its images begin with. */
    host,
    origin,
    /** Every request so far, those for tokens too. */
    requests,
    /** How many were opened so far. */
    connections: () => connections,
    openConnections: () => openConnections,

    /** An image of one platform; returns the digest of its manifest. */
    addImage: (repository: string, reference: string, image: Image): string =>
      putManifest(repository, reference, storeImage(repository, image)),

    /** An index of images for several platforms; returns its digest. */
    addIndex: (repository: string, reference: string, images: readonly Image[]): string => {
      const children = images.map((image) => {
        const manifest = storeImage(repository, image);
        putManifest(repository, manifest.digest, manifest);
        return { image, manifest };
      });
      return putManifest(repository, reference, createIndex(children));
    },

    /** Any document as a manifest; returns its digest. */
    addManifest: (
      repository: string,
      reference: string,
      { contentType, content }: { readonly contentType: string; readonly content: unknown },
    ): string => putManifest(repository, reference, createDocument(contentType, content)),

    /** Any document as a blob; returns its digest. */
    addBlob: (repository: string, content: unknown): string => {
      const blob = createDocument('application/octet-stream', content);
      putBlob(repository, blob);
      return blob.digest;
    },

    ...createDisturbances(disturbances),

    close: async (): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** All of them come before access and content, the earlier ones first. */
function createDisturbances(disturbances: Disturbance[]) {
  const whenMatching = (
    match: RegExp,
    times: number,
    disturb: (response: ServerResponse, request: RecordedRequest) => void,
  ) => {
    let left = times;
    disturbances.push((request, response) => {
      if (left === 0 || !match.test(request.path)) return false;
      left -= 1;
      disturb(response, request);
      return true;
    });
  };
  return {
    /** The next `times` requests whose path matches are answered so. */
    answerNext: (times: number, match: RegExp, answer: Answer) => {
      whenMatching(match, times, (response) => {
        writeAnswer(response, answer);
      });
    },

    /** Bodies of matching requests never end. */
    answerEndlessly: (match: RegExp, contentType: string) => {
      whenMatching(match, Infinity, (response) => {
        response.writeHead(200, { 'content-type': contentType });
        const write = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
          if (!response.destroyed) response.once('drain', write);
        };
        write();
      });
    },

    /** Bodies of matching requests come byte by byte, a hundred a second, and never end. */
    answerSlowly: (match: RegExp, contentType: string) => {
      whenMatching(match, Infinity, (response) => {
        response.writeHead(200, { 'content-type': contentType });
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => {
          clearInterval(timer);
        });
      });
    },

    /** Matching requests are never answered. */
    neverAnswer: (match: RegExp) => {
      whenMatching(match, Infinity, () => undefined);
    },

    /** The next `times` matching requests lose their connection. */
    resetNext: (times: number, match: RegExp) => {
      whenMatching(match, times, (response) => {
        response.socket?.resetAndDestroy();
      });
    },

    /** Matching requests are sent on to the same path at another origin. */
    redirect: (match: RegExp, origin: string) => {
      whenMatching(match, Infinity, (response, { path }) => {
        writeAnswer(response, { status: 307, headers: { location: origin + path } });
      });
    },
  };
}

function serve(
  { method, path }: RecordedRequest,
  response: ServerResponse,
  documents: ReadonlyMap<string, Document>,
): void {
  const found = documents.get(path);
  if (!found) {
    const code = path.includes('/blobs/') ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
    writeAnswer(response, errorAnswer(404, code));
    return;
  }
  response.writeHead(200, {
    'content-type': found.contentType,
    'content-length': found.bytes.length,
    'docker-content-digest': found.digest,
  });
  response.end(method === 'HEAD' ? undefined : found.bytes);
}

async function record(incoming: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    authorization: incoming.headers.authorization,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString(),
  };
}
