// Decides who asks, by the token of the request: the API server says which service account and Pod it belongs to.

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ProviderError } from '../errors.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { parseTokenReview, type PodIdentity } from '../kubernetes/token-review.ts';
import type { AdmitReview } from './review-limit.ts';

export type ReadIdentity = (
  question: { readonly token: string | undefined; readonly address: string },
  signal: AbortSignal,
) => Promise<PodIdentity>;

export type IdentityDependencies = {
  readonly reviewToken: KubernetesClient['reviewToken'];
  readonly admitReview: AdmitReview;
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

const MAX_TOKEN_LENGTH = 16_384;
const CLOCK_SKEW_MS = 60_000;
const REFUSAL_KEPT_MS = 10_000;
const MAX_REFUSALS_KEPT = 10_000;

/** What it returns throws `invalid_token` (checks 0 and 1), or `rate_limited` where it is not asked about. */
export function createIdentityReader(dependencies: IdentityDependencies): ReadIdentity {
  const { reviewToken, admitReview, audience, now } = dependencies;
  // By hash, so that the provider's memory holds no tokens.
  const refusals = new LRUCache<string, string>({
    max: MAX_REFUSALS_KEPT,
    ttl: REFUSAL_KEPT_MS,
    perf: { now },
    ttlResolution: 0,
  });

  return async ({ token, address }, signal) => {
    if (token === undefined || !looksLikeOurs(token, { audience, nowMs: now() })) {
      throw invalid(`it is no token for audience ${audience}, or has expired`);
    }
    const tokenHash = hash('sha256', token, 'base64');
    const reason = refusals.get(tokenHash);
    if (reason !== undefined) throw invalid(reason);
    const accept = await admitReview({ token, address }, signal);
    const decision = parseTokenReview(await reviewToken(token, audience, signal), audience);
    if (decision.authenticated) {
      accept();
      return decision.identity;
    }
    refusals.set(tokenHash, decision.reason);
    throw invalid(decision.reason);
  };
}

type Expectation = { readonly audience: string; readonly nowMs: number };

/**
 * A cheap look before the API server is asked, so that nonsense costs it nothing. It proves nothing: nobody has
 * verified the signature yet.
 */
function looksLikeOurs(token: string, { audience, nowMs }: Expectation): boolean {
  const parts = token.split('.');
  if (token.length > MAX_TOKEN_LENGTH || parts.length !== 3) return false;
  const { aud, exp } = parseClaims(parts[1] ?? '');
  const isForUs = Array.isArray(aud) ? aud.includes(audience) : aud === audience;
  return isForUs && typeof exp === 'number' && exp * 1000 > nowMs - CLOCK_SKEW_MS;
}

function parseClaims(part: string): { readonly aud?: unknown; readonly exp?: unknown } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

function invalid(reason: string): ProviderError {
  const advice = 'the launcher must send the token that the policy mounts';
  return new ProviderError('invalid_token', `the token is refused: ${reason}; ${advice}`);
}
