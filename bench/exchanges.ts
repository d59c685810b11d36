// The process that exchanges for each launch what the provider does, and does nothing else: over TLS the launcher's request,
// a TokenReview and the Pod, each of them read as JSON. What the provider takes beyond that is its own work.

import type { IncomingMessage } from 'node:http';
import {
  createKubernetesClient,
  type KubernetesClient,
} from '../provider/kubernetes/api-client.ts';
import { parseBearerToken } from '../provider/http/request-body.ts';
import { parseTokenReview } from '../provider/kubernetes/token-review.ts';
import { AUDIENCE } from '../provider/launches/token.ts';
import { startCannedServer } from './canned-server.ts';
import { serve } from './remote.ts';

export type ApiAccess = {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly providerToken: string;
};

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
  const review = await kubernetes.reviewToken(token, AUDIENCE, signal);
  const decision = parseTokenReview(review, AUDIENCE);
  if (!decision.authenticated) throw new Error(decision.reason);
  const { serviceAccount, pod } = decision.identity;
  const found = await kubernetes.readPod(serviceAccount.namespace, pod.name, signal);
  if (found === undefined) throw new Error('the API server has no such Pod');
}
