// Decides how often something may happen: so many times at once, and then so many a second.

export type TokenRate = {
  readonly perSecond: number;
  /** How many may come at once, after a time without any. */
  readonly burst: number;
};

export type TokenBucket = { readonly tokens: number; readonly atMs: number };

/** What is in the bucket now; who takes a token keeps the bucket with one less. Without a bucket: a full one. */
export function refill(
  bucket: TokenBucket | undefined,
  { perSecond, burst }: TokenRate,
  nowMs: number,
): TokenBucket {
  if (bucket === undefined) return { tokens: burst, atMs: nowMs };
  // A clock that was set back takes nothing away.
  const gained = (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond;
  return { tokens: Math.min(burst, bucket.tokens + gained), atMs: nowMs };
}

/** For a bucket with less than one token. */
export function secondsToToken({ tokens }: TokenBucket, { perSecond }: TokenRate): number {
  return (1 - tokens) / perSecond;
}
