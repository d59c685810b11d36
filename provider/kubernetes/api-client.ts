// Asks the Kubernetes API server the few questions that the provider has, and writes Events, as JSON on connections that it
// keeps. Of the client library only the types are used: at run time it costs 15 MB of memory and a second reading of every
// field (decision 24).

import type {
  V1ContainerStatus,
  V1Pod,
  V1Secret,
  V1TokenReview,
  V1TokenReviewStatus,
} from '@kubernetes/client-node';
import { Pool } from 'undici';
import { ProviderError } from '../errors.ts';
import { toKubernetesEvent, type PodEvent } from './events.ts';
import { readWholeAnswer, type WholeAnswer } from './whole-answer.ts';

/** Every failure is a ProviderError: `kubernetes_unavailable`, or `deadline_exceeded` when `signal` cut the call off. */
export type KubernetesClient = {
  readonly reviewToken: (
    token: string,
    audience: string,
    signal: AbortSignal,
  ) => Promise<V1TokenReviewStatus>;
  /** What service account tokens are signed under, as JSON Web Keys (RFC 7517). */
  readonly readPublishedKeys: (signal: AbortSignal) => Promise<readonly unknown[]>;
  /** `undefined` where there is no such Pod. Of its times, only the starts of running containers are Dates. */
  readonly readPod: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<V1Pod | undefined>;
  /** `undefined` where there is no such Secret. */
  readonly readSecret: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<V1Secret | undefined>;
  /** `exists` where there is one of that name. */
  readonly writeEvent: (event: PodEvent) => Promise<'written' | 'exists'>;
};

export type KubernetesClientOptions = {
  readonly server: string;
  /** PEM of the certificate authorities that the API server is verified against, and no others. */
  readonly ca: string;
  /** The provider's own token; asked for before each call, because the kubelet replaces it. */
  readonly readToken: () => Promise<string>;
  readonly timeoutMs: number;
  /** That are kept to the API server, at most: MAX_CONNECTIONS, unless said otherwise. */
  readonly connections?: number;
};

export const MAX_CONNECTIONS = 50;
/** No request waits for an Event; it has the timeout of its own. */
const NEVER = new AbortController().signal;

export function createKubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const ask = createAsker(options);

  async function readObject(kind: Kind, object: ObjectName, signal: AbortSignal): Promise<unknown> {
    const { namespace, name } = object;
    if (!NAME.test(namespace) || !NAME.test(name)) return undefined;
    const question = `get ${kind} ${namespace}/${name}`;
    const path = `/api/v1/namespaces/${namespace}/${kind}s/${name}`;
    const answer = await ask({ question, method: 'GET', path }, signal);
    return answer.status === 404 ? undefined : parse(question, answer);
  }

  return {
    reviewToken: async (token, audience, signal) => {
      const question = 'create tokenreviews';
      const body = tokenReview(token, audience);
      const answer = await ask({ question, method: 'POST', path: TOKEN_REVIEWS, body }, signal);
      return (parse(question, answer) as V1TokenReview).status ?? NOT_REVIEWED;
    },
    readPublishedKeys: async (signal) => {
      const question = `get ${PUBLISHED_KEYS}`;
      const answer = await ask({ question, method: 'GET', path: PUBLISHED_KEYS }, signal);
      return listOf((parse(question, answer) as { readonly keys?: unknown }).keys);
    },
    readPod: async (namespace, name, signal) => {
      const pod = (await readObject('pod', { namespace, name }, signal)) as V1Pod | undefined;
      if (pod !== undefined) reviveStarts(pod);
      return pod;
    },
    readSecret: async (namespace, name, signal) =>
      (await readObject('secret', { namespace, name }, signal)) as V1Secret | undefined,
    writeEvent: async (event) => {
      const question = `create events in ${event.namespace}`;
      const path = `/api/v1/namespaces/${event.namespace}/events`;
      const body = JSON.stringify(toKubernetesEvent(event));
      const answer = await ask({ question, method: 'POST', path, body }, NEVER);
      if (answer.status === 409) return 'exists';
      parse(question, answer);
      return 'written';
    },
  };
}

type Kind = 'pod' | 'secret';
type ObjectName = { readonly namespace: string; readonly name: string };

// What Kubernetes allows as a name. Some names come from annotations, and ".." would ask for another resource.
const NAME = /^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/;
// Open to every service account by the ClusterRole system:service-account-issuer-discovery.
const PUBLISHED_KEYS = '/openid/v1/jwks';
const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';

type Call = {
  /** As the error names it. */
  readonly question: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
};

function createAsker({
  server,
  ca,
  readToken,
  timeoutMs,
  connections = MAX_CONNECTIONS,
}: KubernetesClientOptions) {
  // Timeouts of the connection, not a signal for each call: one that nobody clears holds all of its call until it fires. They
  // run from when a call is sent: that many launches wait for a connection is no fault of the API server's, and each of them
  // waits within the deadline of its own request.
  const pool = new Pool(server, {
    connect: { ca, timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connections,
  });

  async function send({ method, path, body }: Call, signal: AbortSignal): Promise<WholeAnswer> {
    const headers = {
      authorization: `Bearer ${await readToken()}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    return readWholeAnswer(pool, { method, path, headers, body: body ?? null }, signal);
  }

  return async function ask(call: Call, signal: AbortSignal): Promise<WholeAnswer> {
    try {
      return await send(call, signal);
    } catch (error) {
      throw unanswered(call.question, error, signal);
    }
  };
}

const NOT_REVIEWED: Readonly<Pick<V1TokenReviewStatus, 'authenticated'>> = { authenticated: false };

function tokenReview(token: string, audience: string): string {
  const spec = { token, audiences: [audience] };
  return JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
}

function listOf(written: unknown): readonly unknown[] {
  return Array.isArray(written) ? written : [];
}

/** Throws `kubernetes_unavailable` for anything but an object. */
function parse(question: string, { status, text }: WholeAnswer): object {
  if (status !== 200 && status !== 201) throw refused(question, status);
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return answer;
  } catch {
    // Without the cause: it quotes the answer, and that of a Secret must not be logged.
  }
  throw unavailable(question, 'answered something that is no object', TRY_AGAIN);
}

/** In place, since the object is nobody else's yet. */
function reviveStarts({ status }: V1Pod): void {
  const lists = [status?.containerStatuses, status?.initContainerStatuses];
  for (const { state } of lists.flatMap((list): V1ContainerStatus[] => list ?? [])) {
    const running = state?.running;
    if (running?.startedAt !== undefined) running.startedAt = new Date(running.startedAt);
  }
}

const TRY_AGAIN = 'try again, and check the API server if it persists';

function refused(question: string, status: number): ProviderError {
  const advice =
    status === 401 || status === 403
      ? 'it does not allow that; check the ClusterRole and Roles of the provider'
      : TRY_AGAIN;
  return unavailable(question, `answered ${status}`, advice);
}

function unanswered(question: string, error: unknown, signal: AbortSignal): ProviderError {
  if (signal.aborted) {
    const message = `the Kubernetes API server did not answer in time (${question}); try again`;
    return new ProviderError('deadline_exceeded', message);
  }
  const failure = unavailable(question, 'could not be reached', TRY_AGAIN);
  return new ProviderError(failure.code, failure.message, { cause: describeFailure(error) });
}

function unavailable(question: string, what: string, advice: string): ProviderError {
  return new ProviderError(
    'kubernetes_unavailable',
    `the Kubernetes API server ${what} (${question}): ${advice}`,
  );
}

/** Only names and codes: messages can quote what they are about. */
function describeFailure(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('no reason given');
  const codes = [error, error.cause].map((thrown) =>
    thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '',
  );
  return new Error([error.name, ...codes].filter((text) => text !== '').join(' '));
}
