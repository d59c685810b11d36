// Launches of which a test says every part: the Pod, the token, the body, the headers. Those of launches.ts are all alike.

import { Agent, request } from 'undici';
import { signArgv } from '../launches/signature.ts';
import { injectedPod, type InjectedPodOptions } from './injected-pod.ts';
import type { KubernetesApi } from './kubernetes-api.ts';

export type AnyLaunch = {
  readonly pod?: InjectedPodOptions;
  /** Merged over the body that a launcher sends; `null` leaves a field out. */
  readonly body?: object;
  /** In place of the whole body. */
  readonly text?: string;
  readonly token?: {
    readonly audience?: string;
    readonly expiresInSeconds?: number;
    readonly isBound?: false;
  };
  readonly headers?: Record<string, string>;
  /** After the Pod is there, before the request. */
  readonly before?: (namespace: string, name: string) => void;
};

export type AnyAnswer = {
  readonly status: number;
  readonly headers: object;
  readonly body: Readonly<Record<string, unknown>>;
};

export type AnyLaunches = {
  /** Puts a Pod as admission left it into the cluster, and asks for its values as its launcher would. */
  readonly prepare: (launch: AnyLaunch, url: string) => () => Promise<AnyAnswer>;
  readonly ask: (url: string, body: string, headers: Record<string, string>) => Promise<AnyAnswer>;
  /** The bodies of all answers that were not 200. */
  readonly refused: readonly string[];
  readonly close: () => Promise<void>;
};

/** @param ca PEM that the provider is verified against */
export function createAnyLaunches(kubernetes: KubernetesApi, ca: string): AnyLaunches {
  const dispatcher = new Agent({ connect: { ca } });
  const refused: string[] = [];
  const ask: AnyLaunches['ask'] = async (url, body, headers) => {
    const sent = { 'content-type': 'application/json', ...headers };
    const options = { method: 'POST', body, headers: sent, dispatcher } as const;
    const answer = await request(`${url}/v1/secret`, options);
    const text = await answer.body.text();
    if (answer.statusCode !== 200) refused.push(text);
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: JSON.parse(text) as AnyAnswer['body'],
    };
  };
  let pods = 0;
  const prepare: AnyLaunches['prepare'] = ({ pod: podOptions = {}, ...launch }, url) => {
    const name = `api-${(pods += 1)}`;
    const settings = {
      PIGGY_AWS_SECRET_NAME: 'shop/api',
      DB_PASSWORD: 'piggy:DB_PASSWORD',
      ...podOptions.env,
    };
    const { uid, pod } = injectedPod({ name, ...podOptions, env: settings });
    const { namespace, uid: podUid } = pod.metadata;
    kubernetes.putPod(pod);
    const { isBound = true, ...tokenOptions } = launch.token ?? {};
    const bound = isBound ? { name: pod.metadata.name, uid: podUid } : undefined;
    const token = kubernetes.mintToken({
      namespace,
      serviceAccount: 'api',
      pod: bound,
      ...tokenOptions,
    });
    const signature = signArgv(['/app', 'serve']);
    const body = { uid, signature, references: ['DB_PASSWORD'], ...launch.body };
    launch.before?.(namespace, pod.metadata.name);
    return () =>
      ask(url, launch.text ?? JSON.stringify(body), {
        authorization: `Bearer ${token}`,
        ...launch.headers,
      });
  };
  return { prepare, ask, refused, close: () => dispatcher.close() };
}
