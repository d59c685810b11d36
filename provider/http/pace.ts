// Lets those wait who ask too often, where a refusal would cost as much as an answer and be asked for again at once.

import type { MiddlewareHandler } from 'hono';
import { setTimeout } from 'node:timers/promises';
import { refill, type TokenRate } from '../concurrency/token-bucket.ts';

export type Pace = TokenRate & { readonly waitMs: number };

/** `now` in milliseconds, of a clock that does not go back. */
export function keepPace(pace: Pace, now: () => number): MiddlewareHandler {
  let bucket = refill(undefined, pace, now());
  return async (_, next) => {
    bucket = refill(bucket, pace, now());
    if (bucket.tokens >= 1) bucket = { ...bucket, tokens: bucket.tokens - 1 };
    else await setTimeout(pace.waitMs);
    await next();
  };
}
