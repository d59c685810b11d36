// Asks an API server over one connection that is kept: kubectl starts anew for each question, and its start takes longer
// than most answers.

import { Pool } from 'undici';

export type Access = {
  readonly server: string;
  /** PEM, all three. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
};

export type Answer = {
  readonly status: number;
  readonly text: string;
  /** From the question to the last byte of the answer. */
  readonly elapsedMs: number;
};

export type ApiServer = {
  readonly ask: (method: 'DELETE' | 'POST', path: string, object?: object) => Promise<Answer>;
  readonly close: () => Promise<void>;
};

/** Of `kubectl config view --raw --minify --output=json`; throws where its user has no client certificate. */
export function parseKubeconfig(text: string): Access {
  const { clusters, users } = JSON.parse(text) as Kubeconfig;
  const cluster = clusters?.[0]?.cluster ?? {};
  const user = users?.[0]?.user ?? {};
  return {
    server: read(cluster, 'server'),
    ca: decode(read(cluster, 'certificate-authority-data')),
    cert: decode(read(user, 'client-certificate-data')),
    key: decode(read(user, 'client-key-data')),
  };
}

type Entries = Readonly<Record<string, string>>;
type Kubeconfig = {
  readonly clusters: readonly { readonly cluster?: Entries }[] | null;
  readonly users: readonly { readonly user?: Entries }[] | null;
};

function read(entries: Entries, name: string): string {
  const value = entries[name];
  if (value === undefined) throw new Error(`the kubeconfig holds no ${name}; one of kind does`);
  return value;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

export function connectToApiServer({ server, ...connect }: Access): ApiServer {
  const pool = new Pool(server, { connections: 1, connect });
  const headers = { 'content-type': 'application/json' };
  return {
    ask: async (method, path, object) => {
      const body = object === undefined ? null : JSON.stringify(object);
      const startedMs = performance.now();
      const answer = await pool.request({ method, path, headers, body });
      const text = await answer.body.text();
      return { status: answer.statusCode, text, elapsedMs: performance.now() - startedMs };
    },
    close: () => pool.close(),
  };
}
