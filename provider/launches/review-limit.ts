// Decides whether the API server is asked about a token: while an address sends too many that are refused, only about those that
// are signed under the cluster's keys. All Pods of a node can have one address, and one that runs wild must not keep the others
// from starting (decision 32).

import { LRUCache } from 'lru-cache';
import { refill, secondsToToken, type TokenBucket } from '../concurrency/token-bucket.ts';
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

const MAX_ADDRESSES = 20_000;
/** How many seconds' worth of refused tokens may come at once. */
const BURST_SECONDS = 2;

export function createReviewLimit(options: ReviewLimitOptions): AdmitReview {
  const { refusedPerSecond: perSecond, verifySignature, now } = options;
  const rate = { perSecond, burst: perSecond * BURST_SECONDS };
  const buckets = new LRUCache<string, TokenBucket>({ max: MAX_ADDRESSES });

  function change(address: string, by: number): void {
    const bucket = refill(buckets.get(address), rate, now());
    buckets.set(address, { ...bucket, tokens: Math.min(rate.burst, bucket.tokens + by) });
  }

  return async ({ address, token }, signal) => {
    const bucket = refill(buckets.get(address), rate, now());
    if (bucket.tokens >= 1) {
      // Taken before it is known: many at once are all unknown.
      change(address, -1);
      return () => {
        change(address, 1);
      };
    }
    const verified = await verifySignature(token, signal);
    if (verified === 'unverified') throw tooMany(perSecond, secondsToToken(bucket, rate));
    return () => undefined;
  };
}

function tooMany(perSecond: number, retryAfterSeconds: number): ProviderError {
  const message = `this address sends more than ${perSecond} tokens a second that are refused, and this one is not signed by the cluster; try again`;
  return new ProviderError('rate_limited', message, { retryAfterSeconds });
}
