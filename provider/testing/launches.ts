// Launches as launchers make them, against a provider process: a Pod in the cluster, its token, and the request.

import { Agent, request } from 'undici';
import { signArgv } from '../launches/signature.ts';
import { injectedPod, type InjectedPodOptions } from './injected-pod.ts';
import type { KubernetesApi, KubernetesObject } from './kubernetes-api.ts';

export type Launch = {
  readonly pod: KubernetesObject & { readonly metadata: { readonly uid: string } };
  readonly token: string;
  /** Again and again, over connections that are kept. */
  readonly ask: (url: string) => Promise<LaunchAnswer>;
  /** As the launcher does: what can pass is tried again. */
  readonly askPatiently: (url: string) => Promise<LaunchAnswer>;
};

export type LaunchAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** All of it; what follows is taken from it. */
  readonly body: Readonly<Record<string, unknown>>;
  /** "ok", or the code of the refusal. */
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
};

export type LaunchOptions = InjectedPodOptions & {
  readonly token?: {
    readonly audience?: string;
    readonly expiresInSeconds?: number;
    readonly isBound?: false;
  };
  /** Merged over the body that a launcher sends; `null` leaves a field out. */
  readonly body?: object;
  /** In place of the whole body. */
  readonly text?: string;
  /** Merged over those that a launcher sends. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type Launches = {
  /** Puts a Pod that starts now into the cluster: `secretId` is where its one reference, to A, points. */
  readonly prepare: (secretId: string, options?: LaunchOptions) => Launch;
  readonly close: () => Promise<void>;
  /** Cuts what is not answered yet. */
  readonly destroy: () => Promise<void>;
};

export type LaunchesOptions = {
  /** PEM that the provider is verified against. */
  readonly ca: string;
  /** Another one of 127.0.0.0/8 is another client to the provider. */
  readonly localAddress?: string;
  /** At most; as many as there are launches at a time, otherwise. */
  readonly connections?: number;
};

/** Settings for a test that launches as fast as it is answered: a fast machine makes more launches than one client may. */
export const unlimitedLaunches = {
  PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS: '100000',
  PIGGY_LAUNCHES_PER_SECOND: '100000',
} as const;

export function createLaunches(
  kubernetes: KubernetesApi,
  { ca, localAddress = '127.0.0.1', connections }: LaunchesOptions,
): Launches {
  const agent = new Agent({
    connect: { ca },
    localAddress,
    ...(connections === undefined ? {} : { connections }),
  });
  let pods = 0;
  return {
    prepare: (secretId, { token: tokenOptions, body, text, headers, ...options } = {}) => {
      const name = `pod-${localAddress.replaceAll('.', '-')}-${(pods += 1)}`;
      const { serviceAccount = 'api' } = options;
      const env = { PIGGY_AWS_SECRET_NAME: secretId, A: 'piggy:A', ...options.env };
      const { uid, pod } = injectedPod({ name, ...options, env });
      kubernetes.putPod(pod);
      const { namespace, name: podName, uid: podUid } = pod.metadata;
      const { isBound = true, ...ofToken } = tokenOptions ?? {};
      const bound = isBound ? { name: podName, uid: podUid } : undefined;
      const token = kubernetes.mintToken({ namespace, serviceAccount, pod: bound, ...ofToken });
      const signature = signArgv(['/app', 'serve']);
      const asked = {
        agent,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          ...headers,
        },
        text: text ?? JSON.stringify({ uid, signature, references: ['A'], ...body }),
      };
      return {
        pod,
        token,
        ask: (url) => ask(url, asked),
        askPatiently: (url) => askPatiently(url, asked),
      };
    },
    close: () => agent.close(),
    destroy: () => agent.destroy(),
  };
}

type Request = {
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
};

const MAX_TRIES = 20;

async function askPatiently(url: string, asked: Request): Promise<LaunchAnswer> {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await ask(url, asked);
      if (answer.status < 500 || tries === MAX_TRIES) return answer;
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
    }
  }
}

async function ask(url: string, { agent, headers, text }: Request): Promise<LaunchAnswer> {
  const answer = await request(`${url}/v1/secret`, {
    method: 'POST',
    headers,
    body: text,
    dispatcher: agent,
  });
  const body = (await answer.body.json()) as Readonly<Record<string, unknown>>;
  const { statusCode: status } = answer;
  const told = { code: 'ok', message: '', values: {}, ...body };
  return { ...told, status, headers: answer.headers, body };
}
