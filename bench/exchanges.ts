// The process that exchanges for each launch what the provider does, and does nothing else: over TLS the launcher's request,
// a TokenReview and the Pod, each of them read as JSON. What the provider takes beyond that is its own work.

import type { IncomingMessage } from 'node:http';
import {
  createKubernetesClient,
  type KubernetesClient,
} from '../provider/kubernetes/api-client.ts';
import { parseBearerToken } from '../provider/http/request-body.ts';
import { startCannedServer } from './canned-server.ts';
import { serve } from './remote.ts';

export type ApiAccess = {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly providerToken: string;
};

const AUDIENCE = 'piggysec.com';
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const server = await startCannedServer(exchange);
const answering = Promise.withResolvers<KubernetesClient>();

const methods = {
  start: ({ url, ca, providerToken }: ApiAccess) => {
    const readToken = () => Promise.resolve(providerToken);
    answering.resolve(createKubernetesClient({ server: url, ca, readToken, timeoutMs: 60_000 }));
    return { url: server.url, ca: server.ca };
  },
  answerWith: (text: string) => {
    server.answerWith(text);
  },
};

export type ExchangesMethods = typeof methods;

serve(methods, () => server.stop());

async function exchange({ headers }: IncomingMessage): Promise<void> {
  const { signal } = new AbortController();
  const kubernetes = await answering.promise;
  const token = parseBearerToken(headers.authorization) ?? '';
  const { user } = await kubernetes.reviewToken(token, AUDIENCE, signal);
  const [name = ''] = user?.extra?.[POD_NAME] ?? [];
  const pod = await kubernetes.readPod('shop', name, signal);
  if (pod === undefined) throw new Error('the API server has no such Pod');
}
