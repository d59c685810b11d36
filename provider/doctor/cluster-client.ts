// Reads single objects of the Kubernetes API as they stand there, and tells what is missing from what may not be looked at.

import { Agent, request } from 'undici';

export type ClusterRead =
  | { readonly kind: 'found'; readonly object: unknown }
  | { readonly kind: 'missing' }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'failed'; readonly reason: string };

/** `path` as of the API server, such as "/api/v1/namespaces/shop/configmaps/settings". Never throws. */
export type ReadObject = (path: string) => Promise<ClusterRead>;

export type ClusterClient = {
  readonly readObject: ReadObject;
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

  async function ask(path: string): Promise<ClusterRead> {
    const { statusCode, body } = await request(new URL(path, server), {
      dispatcher: agent,
      headers: { authorization: `Bearer ${await readToken()}`, accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode === 200) return { kind: 'found', object: await body.json() };
    await body.dump();
    if (statusCode === 404) return { kind: 'missing' };
    if (statusCode === 401 || statusCode === 403) return { kind: 'forbidden' };
    return { kind: 'failed', reason: `the API server answered ${statusCode}` };
  }

  return {
    readObject: async (path) => {
      try {
        return await ask(path);
      } catch (error) {
        return { kind: 'failed', reason: `the API server could not be asked (${nameOf(error)})` };
      }
    },
    close: () => agent.close(),
  };
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
