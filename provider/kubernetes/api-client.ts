// Asks the Kubernetes API server the three questions that the provider has, and tells it what a Pod's author is to know.

import {
  ApiException,
  AuthenticationV1Api,
  CoreV1Api,
  CoreV1Event,
  createConfiguration,
  ServerConfiguration,
  V1TokenReview,
  V1TokenReviewSpec,
  V1TokenReviewStatus,
  type Configuration,
  type V1Pod,
  type V1Secret,
} from '@kubernetes/client-node';
import { Agent } from 'undici';
import { ProviderError } from '../errors.ts';
import { toKubernetesEvent, type PodEvent } from './events.ts';

/** Every failure is a ProviderError: `kubernetes_unavailable`, or `deadline_exceeded` when `signal` cut the call off. */
export type KubernetesClient = {
  readonly reviewToken: (
    token: string,
    audience: string,
    signal: AbortSignal,
  ) => Promise<V1TokenReviewStatus>;
  /** `undefined` where there is no such Pod. */
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
};

const MAX_CONNECTIONS = 50;
/** No request waits for it; it has the timeout of its own. */
const NEVER = new AbortController().signal;

export function createKubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const call = createCaller(options);
  return {
    reviewToken: (token, audience, signal) =>
      call('create tokenreviews', signal, async (configuration) => {
        const body = tokenReview(token, audience);
        const review = await new AuthenticationV1Api(configuration).createTokenReview({ body });
        return review.status ?? new V1TokenReviewStatus();
      }),
    readPod: (namespace, name, signal) =>
      call(`get pod ${namespace}/${name}`, signal, (configuration) =>
        unlessMissing({ namespace, name }, (object) =>
          new CoreV1Api(configuration).readNamespacedPod(object),
        ),
      ),
    readSecret: (namespace, name, signal) =>
      call(`get secret ${namespace}/${name}`, signal, (configuration) =>
        unlessMissing({ namespace, name }, (object) =>
          new CoreV1Api(configuration).readNamespacedSecret(object),
        ),
      ),
    writeEvent: (event) =>
      call(`create events in ${event.namespace}`, NEVER, async (configuration) => {
        const { namespace } = event;
        const body = Object.assign(new CoreV1Event(), toKubernetesEvent(event));
        const object = { namespace, body };
        return unlessExisting(new CoreV1Api(configuration).createNamespacedEvent(object));
      }),
  };
}

type Ask<T> = (configuration: Configuration) => Promise<T>;

function createCaller({ server, ca, readToken, timeoutMs }: KubernetesClientOptions) {
  // The client library makes a new Agent for every call unless it is given one: a connection each.
  const agent = new Agent({ connect: { ca, timeout: timeoutMs }, connections: MAX_CONNECTIONS });
  const baseServer = new ServerConfiguration(server, {});

  return async function call<T>(question: string, signal: AbortSignal, ask: Ask<T>): Promise<T> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const authentication = {
      getName: () => 'service account token',
      applySecurityAuthentication: async (request: RequestContext) => {
        request.setHeaderParam('Authorization', `Bearer ${await readToken()}`);
        request.setDispatcher(agent);
        request.setSignal(limit);
      },
    };
    try {
      const authMethods = { default: authentication };
      return await ask(createConfiguration({ baseServer, authMethods }));
    } catch (error) {
      throw translateFailure(question, error, signal);
    }
  };
}

function tokenReview(token: string, audience: string): V1TokenReview {
  const review = new V1TokenReview();
  review.spec = new V1TokenReviewSpec();
  review.spec.token = token;
  review.spec.audiences = [audience];
  return review;
}

type RequestContext = ReturnType<ServerConfiguration<Record<string, never>>['makeRequestContext']>;

type ObjectName = { readonly namespace: string; readonly name: string };

// What Kubernetes allows as a name. Some names come from annotations, and ".." would ask for another resource.
const NAME = /^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/;

async function unlessMissing<T>(
  { namespace, name }: ObjectName,
  read: (object: ObjectName) => Promise<T>,
): Promise<T | undefined> {
  if (!NAME.test(namespace) || !NAME.test(name)) return undefined;
  try {
    return await read({ namespace, name });
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}

async function unlessExisting(created: Promise<unknown>): Promise<'written' | 'exists'> {
  try {
    await created;
    return 'written';
  } catch (error) {
    if (error instanceof ApiException && error.code === 409) return 'exists';
    throw error;
  }
}

function translateFailure(question: string, error: unknown, signal: AbortSignal): ProviderError {
  if (signal.aborted) {
    const message = `the Kubernetes API server did not answer in time (${question}); try again`;
    return new ProviderError('deadline_exceeded', message);
  }
  const status = error instanceof ApiException ? error.code : undefined;
  const advice =
    status === 401 || status === 403
      ? 'it does not allow that; check the ClusterRole and Roles of the provider'
      : 'try again, and check the API server if it persists';
  const answer = status === undefined ? 'could not be reached' : `answered ${status}`;
  return new ProviderError(
    'kubernetes_unavailable',
    `the Kubernetes API server ${answer} (${question}): ${advice}`,
    { cause: describeFailure(error) },
  );
}

/** Only names and codes: the library's messages can quote the answer, and that of a Secret must not be logged. */
function describeFailure(error: unknown): Error {
  if (error instanceof ApiException) return new Error(`HTTP status ${error.code}`);
  if (!(error instanceof Error)) return new Error('no reason given');
  const codes = [error, error.cause].map((thrown) =>
    thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '',
  );
  return new Error([error.name, ...codes].filter((text) => text !== '').join(' '));
}
