// Reads single objects of the Kubernetes API as they stand there, and tells what is missing from what may not be looked at.
// It also sends reviews, which are answered like objects that are created, and kept nowhere.

import { Agent, request } from 'undici';

export type ClusterRead =
  | { readonly kind: 'found'; readonly object: unknown }
  | { readonly kind: 'missing' }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'failed'; readonly reason: string };

/** `path` as of the API server, such as "/api/v1/namespaces/shop/configmaps/settings". Never throws. */
export type ReadObject = (path: string) => Promise<ClusterRead>;

/** `path` is that of the kind in its namespace. Never throws. */
export type CreateObject = (path: string, object: object) => Promise<ClusterRead>;

export type ClusterClient = {
  readonly readObject: ReadObject;
  readonly createReview: CreateObject;
  readonly close: () => Promise<void>;
};

export type ClusterClientOptions = {
  readonly server: string;
  readonly ca: string;
  readonly readToken: () => Promise<string>;
  readonly timeoutMs: number;
};

export function createClusterClient(options: ClusterClientOptions): ClusterClient {
  const { server, ca, readToken, timeoutMs } = options;
  const agent = new Agent({ connect: { ca, timeout: timeoutMs } });

  async function ask(path: string, object?: object): Promise<ClusterRead> {
    const type = object === undefined ? {} : { 'content-type': 'application/json' };
    const { statusCode, body } = await request(new URL(path, server), {
      dispatcher: agent,
      method: object === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${await readToken()}`,
        accept: 'application/json',
        ...type,
      },
      body: object === undefined ? null : JSON.stringify(object),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode === 200 || statusCode === 201)
      return { kind: 'found', object: await body.json() };
    await body.dump();
    if (statusCode === 404) return { kind: 'missing' };
    if (statusCode === 401 || statusCode === 403) return { kind: 'forbidden' };
    return { kind: 'failed', reason: `the API server answered ${statusCode}` };
  }

  async function askSafely(path: string, object?: object): Promise<ClusterRead> {
    try {
      return await ask(path, object);
    } catch (error) {
      return { kind: 'failed', reason: `the API server could not be asked (${nameOf(error)})` };
    }
  }

  return {
    readObject: (path) => askSafely(path),
    createReview: askSafely,
    close: () => agent.close(),
  };
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
