// Decides whether the API server is asked about a token: while an address sends too many that are refused, only about those that
// are signed under the cluster's keys. All Pods of a node can have one address, and one that runs wild must not keep the others
// from starting (decision 32).

import { createTokenBuckets } from '../concurrency/token-bucket.ts';
import { ProviderError } from '../errors.ts';
import type { VerifySignature } from './published-keys.ts';

export type Asker = {
  /** Of the client. */
  readonly address: string;
  readonly token: string;
};

/** What it returns is to be called where the API server accepts the token. Throws `rate_limited`. */
export type AdmitReview = (asker: Asker, signal: AbortSignal) => Promise<() => void>;

export type ReviewLimitOptions = {
  readonly refusedPerSecond: number;
  readonly verifySignature: VerifySignature;
  /** In milliseconds, of a clock that does not go back. */
  readonly now: () => number;
};

/** How many seconds' worth of refused tokens may come at once. */
const BURST_SECONDS = 2;

export function createReviewLimit(options: ReviewLimitOptions): AdmitReview {
  const { refusedPerSecond: perSecond, verifySignature, now } = options;
  const refused = createTokenBuckets({ perSecond, burst: perSecond * BURST_SECONDS }, now);

  return async ({ address, token }, signal) => {
    // Taken before it is known: many at once are all unknown.
    const waitSeconds = refused.take(address);
    if (waitSeconds === 0) {
      return () => {
        refused.giveBack(address);
      };
    }
    const verified = await verifySignature(token, signal);
    if (verified === 'unverified') throw tooMany(perSecond, waitSeconds);
    return () => undefined;
  };
}

function tooMany(perSecond: number, retryAfterSeconds: number): ProviderError {
  const message = `this address sends more than ${perSecond} tokens a second that are refused, and this one is not signed by the cluster; try again`;
  return new ProviderError('rate_limited', message, { retryAfterSeconds });
}
