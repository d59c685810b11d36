// Reads and writes the Secrets and ConfigMaps that the provider keeps for itself in its own namespace. As JSON, without the
// client library: what is written back must hold every field that was read, also those that the library does not know.

import { Agent } from 'undici';
import { ProviderError } from '../errors.ts';

export type OwnObjectKind = 'Secret' | 'ConfigMap';

export type OwnObject = {
  readonly kind: OwnObjectKind;
  readonly type?: string;
  readonly metadata: {
    readonly name: string;
    /** `undefined` for one that is not there yet. */
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** As it stands in the object: base64 in a Secret. */
  readonly data: Readonly<Record<string, string>>;
};

/** Every failure is a ProviderError `kubernetes_unavailable`, which names verb, resource and name. */
export type OwnObjects = {
  readonly namespace: string;
  readonly read: (kind: OwnObjectKind, name: string) => Promise<OwnObject | undefined>;
  /** Creates what has no resourceVersion. `conflict` when somebody else wrote it since it was read. */
  readonly write: (object: OwnObject) => Promise<'written' | 'conflict'>;
  /** How far the clock of this replica is ahead of the API server's, at its last answer. */
  readonly clockAheadMs: () => number;
};

export type OwnObjectsOptions = {
  readonly server: string;
  /** PEM of the certificate authorities that the API server is verified against, and no others. */
  readonly ca: string;
  readonly readToken: () => Promise<string>;
  readonly timeoutMs: number;
  readonly namespace: string;
  readonly now: () => number;
};

type Answer = { readonly status: number; readonly body: unknown };
type Verb = 'get' | 'create' | 'update';

const methods = { get: 'GET', create: 'POST', update: 'PUT' } as const;
const resources = { Secret: 'secrets', ConfigMap: 'configmaps' } as const;

export function createOwnObjectsClient(options: OwnObjectsOptions): OwnObjects {
  const { namespace } = options;
  const { send, clockAheadMs } = createSender(options);

  async function ask(verb: Verb, { kind, name }: Target, object?: OwnObject): Promise<Answer> {
    const path = `/api/v1/namespaces/${namespace}/${resources[kind]}`;
    const target = verb === 'create' ? path : `${path}/${name}`;
    try {
      return await send(methods[verb], target, object);
    } catch (error) {
      throw unanswered(describe(verb, { kind, name }, namespace), error);
    }
  }

  return {
    namespace,
    clockAheadMs,
    read: async (kind, name) => {
      const { status, body } = await ask('get', { kind, name });
      if (status === 404) return undefined;
      if (status !== 200) throw refused('get', { kind, name }, { namespace, status });
      return parseOwnObject(kind, body);
    },
    write: async (object) => {
      const verb = object.metadata.resourceVersion === undefined ? 'create' : 'update';
      const target = { kind: object.kind, name: object.metadata.name };
      const { status } = await ask(verb, target, object);
      // Created by another replica; changed; or deleted since it was read.
      if (status === 409 || (status === 404 && verb === 'update')) return 'conflict';
      if (status !== 200 && status !== 201) throw refused(verb, target, { namespace, status });
      return 'written';
    },
  };
}

type Target = { readonly kind: OwnObjectKind; readonly name: string };

function createSender({ server, ca, readToken, timeoutMs, now }: OwnObjectsOptions) {
  const agent = new Agent({ connect: { ca, timeout: timeoutMs }, connections: 2 });
  let clockAheadMs = 0;
  return {
    clockAheadMs: () => clockAheadMs,
    send: async (method: 'GET' | 'POST' | 'PUT', path: string, object?: OwnObject) => {
      const { statusCode, headers, body } = await agent.request({
        origin: server,
        path,
        method,
        headers: {
          authorization: `Bearer ${await readToken()}`,
          accept: 'application/json',
          'content-type': 'application/json',
        },
        body: object ? JSON.stringify({ apiVersion: 'v1', ...object }) : null,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const serverMs = Date.parse(String(headers['date']));
      if (Number.isFinite(serverMs)) clockAheadMs = now() - serverMs;
      const answered: unknown = await body.json();
      return { status: statusCode, body: answered };
    },
  };
}

/** Throws `kubernetes_unavailable` for what is no object at all; fields of others are kept and not looked at. */
function parseOwnObject(kind: OwnObjectKind, body: unknown): OwnObject {
  const object = body as Partial<OwnObject> | null;
  if (typeof object?.metadata?.resourceVersion !== 'string') {
    const message = `the Kubernetes API server answered something that is no ${kind}`;
    throw new ProviderError('kubernetes_unavailable', message);
  }
  return { ...object, kind, metadata: object.metadata, data: object.data ?? {} };
}

function describe(verb: Verb, { kind, name }: Target, namespace: string): string {
  return `${verb} ${resources[kind]} ${namespace}/${name}`;
}

function unanswered(question: string, error: unknown): ProviderError {
  // Only the kind of the failure: a library's message can quote what it choked on.
  const cause = error instanceof Error ? new Error(error.name) : undefined;
  return new ProviderError(
    'kubernetes_unavailable',
    `the Kubernetes API server could not be reached (${question}): tried again; check the API server if it persists`,
    { cause },
  );
}

function refused(
  verb: Verb,
  { kind, name }: Target,
  { namespace, status }: { readonly namespace: string; readonly status: number },
): ProviderError {
  const right = verb === 'create' ? resources[kind] : `${resources[kind]} ${name}`;
  const advice =
    status === 401 || status === 403
      ? `the provider's service account needs ${verb} on ${right} in namespace ${namespace}: see its Role in docs/certificates.md`
      : 'tried again; check the API server if it persists';
  return new ProviderError(
    'kubernetes_unavailable',
    `the Kubernetes API server answered ${status} (${describe(verb, { kind, name }, namespace)}): ${advice}`,
  );
}
