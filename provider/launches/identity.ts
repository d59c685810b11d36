// Decides who asks, by the token of the request: the API server says which service account and Pod it belongs to.

import { LRUCache } from 'lru-cache';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { parseTokenReview, type PodIdentity } from '../kubernetes/token-review.ts';
import type { AdmitReview } from './review-limit.ts';
import { hashToken, invalidToken, type LaunchToken } from './token.ts';

export type LaunchIdentity = PodIdentity & {
  /** Whose token it is, where the token says so. */
  readonly container?: string;
};

export type ReadIdentity = (
  question: { readonly token: LaunchToken; readonly address: string },
  signal: AbortSignal,
) => Promise<LaunchIdentity>;

export type IdentityDependencies = {
  readonly reviewToken: KubernetesClient['reviewToken'];
  readonly admitReview: AdmitReview;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

const REFUSAL_KEPT_MS = 10_000;
const MAX_REFUSALS_KEPT = 10_000;

/** What it returns throws `invalid_token` (check 1), or `rate_limited` where it is not asked about. */
export function createIdentityReader(dependencies: IdentityDependencies): ReadIdentity {
  const { reviewToken, admitReview, now } = dependencies;
  /** By the hash of the token. */
  const refusals = new LRUCache<string, string>({
    max: MAX_REFUSALS_KEPT,
    ttl: REFUSAL_KEPT_MS,
    perf: { now },
    ttlResolution: 0,
  });

  return async ({ token, address }, signal) => {
    const tokenHash = hashToken(token);
    const reason = refusals.get(tokenHash);
    if (reason !== undefined) throw invalidToken(reason);
    const { text, audience, container } = token;
    const accept = await admitReview({ token: text, address }, signal);
    const decision = parseTokenReview(await reviewToken(text, audience, signal), audience);
    if (decision.authenticated) {
      accept();
      return container === undefined ? decision.identity : { ...decision.identity, container };
    }
    refusals.set(tokenHash, decision.reason);
    throw invalidToken(decision.reason);
  };
}
