// Lets those wait who ask too often, where a refusal would cost as much as an answer and be asked for again at once.

import type { MiddlewareHandler } from 'hono';
import { setTimeout } from 'node:timers/promises';
import { createTokenBucket, type TokenRate } from '../concurrency/token-bucket.ts';

export type Pace = TokenRate & { readonly waitMs: number };

/** `now` in milliseconds, of a clock that does not go back. */
export function keepPace(pace: Pace, now: () => number): MiddlewareHandler {
  const bucket = createTokenBucket(pace, now);
  return async (_, next) => {
    if (bucket.take() > 0) await setTimeout(pace.waitMs);
    await next();
  };
}
