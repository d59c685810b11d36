// A stand-in for the Kubernetes API server, on HTTPS: TokenReview of tokens it minted, and Pods, Secrets and service
// accounts that a test puts in. It refuses what the real one refuses.

import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { createTestAuthority } from './certificates.ts';
import { createObjectStore, isWrite, type StoredObject } from './kubernetes-objects.ts';
import { createTokenKeys } from './token-keys.ts';

/** A Kubernetes object as JSON. */
export type KubernetesObject = {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid?: string };
};

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export type KubernetesEvent = KubernetesObject & {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: Readonly<Record<string, unknown>>;
};

export type TokenRequest = {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `undefined` makes a token that is bound to no Pod. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
  readonly audience?: string;
  readonly expiresInSeconds?: number;
};

export type KubernetesApi = {
  readonly url: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  /** The bearer token of the provider; any other is answered 401. */
  readonly providerToken: string;
  readonly mintToken: (request: TokenRequest) => string;
  /** Tokens from now on are signed under another key. */
  readonly rotateKeys: () => void;
  /** Those that are bound to the Pod with this uid are answered as unknown from now on. */
  readonly revokeToken: (podUid: string) => void;
  readonly putPod: (pod: KubernetesObject) => void;
  readonly deletePod: (namespace: string, name: string) => void;
  readonly putSecret: (secret: KubernetesObject) => void;
  /** What LocalSubjectAccessReviews are answered, as "system:serviceaccount:shop:api get secrets/tls"; all allowed at first. */
  readonly allowOnly: (rights: readonly string[] | undefined) => void;
  readonly putServiceAccount: (serviceAccount: KubernetesObject) => void;
  /** By the path of the object, such as /api/v1/namespaces/shop/secrets/tls. */
  readonly readObject: (path: string) => StoredObject | undefined;
  readonly putObject: (path: string, object: StoredObject) => void;
  readonly deleteObject: (path: string) => void;
  /** Answers 403 to requests that match, as "PUT /api/v1/…"; `undefined` ends that. */
  readonly forbid: (request: RegExp | undefined) => void;
  /** What the server takes to be the time, against that of this machine. */
  readonly setClockAhead: (aheadMs: number) => void;
  /** Those that were written, in order. */
  readonly events: KubernetesEvent[];
  /** Answers every request with this status; `undefined` ends that. */
  readonly failWith: (status: number | undefined) => void;
  /** Answers each request so much later. */
  readonly delay: (delayMs: number) => void;
  /** Accepts requests and does not answer them. */
  readonly hang: (isHanging: boolean) => void;
  /** Those answered so far, as "GET /api/v1/…". */
  readonly requests: string[];
  readonly countConnections: () => number;
  readonly stop: () => Promise<void>;
};

type Token = Required<Omit<TokenRequest, 'pod'>> & {
  readonly pod: TokenRequest['pod'];
  readonly expiresMs: number;
};

type AccessReviewSpec = {
  readonly user: string;
  readonly resourceAttributes: Readonly<Record<'namespace' | 'verb' | 'resource' | 'name', string>>;
};

type Answer = { readonly status: number; readonly body: object };

const EVENTS = /^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/events$/;
const ACCESS_REVIEWS =
  /^\/apis\/authorization\.k8s\.io\/v1\/namespaces\/(?<namespace>[^/]+)\/localsubjectaccessreviews$/;
const POD_CLAIMS = 'authentication.kubernetes.io';

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue();
  const providerToken = randomBytes(16).toString('hex');
  const objects = createObjectStore();
  const tokens = new Map<string, Token>();
  const keys = createTokenKeys();
  const requests: string[] = [];
  const events: KubernetesEvent[] = [];
  let connections = 0;
  let failure: number | undefined;
  let isHanging = false;
  let delayMs = 0;
  let forbidden: RegExp | undefined;
  let clockAheadMs = 0;
  let rights: readonly string[] | undefined;

  const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
    void answer(request, response);
  });
  server.on('secureConnection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const body: unknown = request.method === 'GET' ? undefined : await json(request);
    if (isHanging) return;
    if (delayMs > 0) await setTimeout(delayMs);
    const { status, body: answered } = decide(request, body);
    const date = new Date(Date.now() + clockAheadMs).toUTCString();
    response.writeHead(status, { 'content-type': 'application/json', date });
    response.end(JSON.stringify(answered));
  }

  function decide(request: IncomingMessage, body: unknown): Answer {
    if (failure !== undefined) return statusAnswer(failure, 'told to fail');
    if (request.headers.authorization !== `Bearer ${providerToken}`) {
      return statusAnswer(401, 'Unauthorized');
    }
    const path = (request.url ?? '').replace(/\?.*/, '');
    if (path === '/apis/authentication.k8s.io/v1/tokenreviews') {
      return request.method === 'POST' ? review(body) : statusAnswer(405, 'method not allowed');
    }
    return answerObject(request.method ?? '', path, body);
  }

  function answerObject(method: string, path: string, body: unknown): Answer {
    if (forbidden?.test(`${method} ${path}`)) return statusAnswer(403, 'forbidden');
    if (method === 'POST' && EVENTS.test(path)) return writeEvent(path, body);
    if (method === 'POST' && ACCESS_REVIEWS.test(path)) return reviewAccess(path, body);
    if (isWrite(method, path)) return write(method, path, body);
    const found = method === 'GET' ? find(path) : undefined;
    return found === undefined
      ? statusAnswer(404, `${path} not found`)
      : { status: 200, body: found };
  }

  function find(path: string): object | undefined {
    return path === '/openid/v1/jwks' ? keys.published() : objects.get(path);
  }

  function write(method: string, path: string, body: unknown): Answer {
    const answer = objects.write({ method, path, body });
    if ('message' in answer) return statusAnswer(answer.status, answer.message);
    return { status: answer.status, body: answer.object };
  }

  function writeEvent(path: string, body: unknown): Answer {
    const event = body as KubernetesEvent;
    const { namespace, name } = event.metadata;
    const isRefused =
      namespace !== EVENTS.exec(path)?.groups?.['namespace'] ||
      event.involvedObject['namespace'] !== namespace ||
      event.message.length > 1024 ||
      !/^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/.test(name);
    if (isRefused) return statusAnswer(422, 'Event is invalid');
    if (events.some(({ metadata }) => metadata.name === name)) {
      return statusAnswer(409, `events "${name}" already exists`);
    }
    events.push(event);
    return { status: 201, body: event };
  }

  function reviewAccess(path: string, body: unknown): Answer {
    const { spec } = body as { readonly spec: AccessReviewSpec };
    const { namespace, verb, resource, name } = spec.resourceAttributes;
    if (namespace !== ACCESS_REVIEWS.exec(path)?.groups?.['namespace']) {
      return statusAnswer(422, 'spec.resourceAttributes.namespace must match metadata.namespace');
    }
    const right = `${spec.user} ${verb} ${resource}/${name}`;
    const status = { allowed: rights === undefined || rights.includes(right) };
    return { status: 201, body: { kind: 'LocalSubjectAccessReview', spec, status } };
  }

  function review(body: unknown): Answer {
    const { spec } = body as { readonly spec: { token?: string; audiences?: string[] } };
    const token = tokens.get(spec.token ?? '');
    const audiences = (spec.audiences ?? []).filter((audience) => audience === token?.audience);
    const isValid = token !== undefined && token.expiresMs > Date.now() && audiences.length > 0;
    const status = isValid
      ? { authenticated: true, audiences, user: userOf(token) }
      : { authenticated: false, user: {}, error: 'invalid bearer token' };
    return {
      status: 201,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: {},
        spec,
        status,
      },
    };
  }

  const put = (kind: string) => (object: KubernetesObject) => {
    const { namespace, name } = object.metadata;
    objects.put(`/api/v1/namespaces/${namespace}/${kind}/${name}`, object);
  };

  return {
    url: `https://127.0.0.1:${port}`,
    ca: authority.ca,
    providerToken,
    mintToken: (request) => {
      const { audience = 'piggysec.com', expiresInSeconds = 600 } = request;
      const expiresMs = Date.now() + expiresInSeconds * 1000;
      const jti = randomUUID();
      const text = keys.sign({ aud: [audience], exp: Math.floor(expiresMs / 1000), jti });
      tokens.set(text, { ...request, audience, expiresInSeconds, expiresMs });
      return text;
    },
    rotateKeys: keys.rotate,
    revokeToken: (podUid) => {
      for (const [text, { pod }] of tokens) if (pod?.uid === podUid) tokens.delete(text);
    },
    putPod: put('pods'),
    deletePod: (namespace, name) => {
      objects.delete(`/api/v1/namespaces/${namespace}/pods/${name}`);
    },
    putSecret: put('secrets'),
    allowOnly: (allowed) => (rights = allowed),
    putServiceAccount: put('serviceaccounts'),
    readObject: objects.get,
    putObject: objects.put,
    deleteObject: objects.delete,
    forbid: (request) => (forbidden = request),
    setClockAhead: (aheadMs) => (clockAheadMs = aheadMs),
    failWith: (status) => (failure = status),
    delay: (ms) => {
      delayMs = ms;
    },
    hang: (hanging) => (isHanging = hanging),
    requests,
    events,
    countConnections: () => connections,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function userOf({ namespace, serviceAccount, pod }: Token): object {
  const bound = pod && {
    [`${POD_CLAIMS}/pod-name`]: [pod.name],
    [`${POD_CLAIMS}/pod-uid`]: [pod.uid],
  };
  return {
    username: `system:serviceaccount:${namespace}:${serviceAccount}`,
    uid: `uid-of-${serviceAccount}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: { [`${POD_CLAIMS}/credential-id`]: ['JTI=00000000'], ...bound },
  };
}

function statusAnswer(code: number, message: string): Answer {
  const status = {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    message,
    code,
  };
  return { status: code, body: status };
}
