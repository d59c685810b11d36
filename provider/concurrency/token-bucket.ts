// Decides how often something may happen: so many times at once, and then so many a second, for each key or for all together.

import { LRUCache } from 'lru-cache';

export type TokenRate = {
  readonly perSecond: number;
  /** How many may come at once, after a time without any. */
  readonly burst: number;
};

export type TokenBuckets = {
  /** 0: it may happen, and is counted. Otherwise nothing is taken, and it may in so many seconds. */
  readonly take: (key: string) => number;
  /** Of what was taken, and did not happen. */
  readonly giveBack: (key: string) => void;
};

export type TokenBucket = {
  readonly take: () => number;
};

/** Changed in place: an object for each request would live as long as those that it replaces. */
type State = { tokens: number; atMs: number };

type States = {
  readonly get: (key: string) => State | undefined;
  readonly set: (key: string, state: State) => unknown;
};

/** Those that were not heard of for longest are forgotten: a forgotten one starts full. */
const MAX_KEYS = 20_000;

/** `now` in milliseconds, of a clock that does not go back. */
export function createTokenBuckets(rate: TokenRate, now: () => number): TokenBuckets {
  return createBucketsIn(new LRUCache<string, State>({ max: MAX_KEYS }), rate, now);
}

/** For all together. */
export function createTokenBucket(rate: TokenRate, now: () => number): TokenBucket {
  const buckets = createBucketsIn(new Map<string, State>(), rate, now);
  return { take: () => buckets.take('all') };
}

function createBucketsIn(
  states: States,
  { perSecond, burst }: TokenRate,
  now: () => number,
): TokenBuckets {
  function refill(key: string): State {
    const atMs = now();
    const state = states.get(key);
    if (state === undefined) return { tokens: burst, atMs };
    // A clock that was set back takes nothing away.
    const gained = (Math.max(0, atMs - state.atMs) / 1_000) * perSecond;
    state.tokens = Math.min(burst, state.tokens + gained);
    state.atMs = atMs;
    return state;
  }

  return {
    take: (key) => {
      const state = refill(key);
      if (state.tokens < 1) return (1 - state.tokens) / perSecond;
      state.tokens -= 1;
      states.set(key, state);
      return 0;
    },
    giveBack: (key) => {
      const state = refill(key);
      state.tokens = Math.min(burst, state.tokens + 1);
      states.set(key, state);
    },
  };
}
