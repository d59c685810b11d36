// Decides whether a launch may go on to AWS now (check 8): not when its Pod asks too often, and not when all of them together
// do. AWS throttles a whole account, so one Pod that runs wild would keep the others from starting.

import { LRUCache } from 'lru-cache';
import {
  refill,
  secondsToToken,
  type TokenBucket,
  type TokenRate,
} from '../concurrency/token-bucket.ts';

export type LaunchRateLimits = {
  readonly perMinutePerPod: number;
  readonly perSecond: number;
};

export type RateDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly message: string; readonly retryAfterSeconds: number };

export type DecideRate = (podUid: string) => RateDecision;

/** Those that were not heard of for longest are forgotten: a forgotten Pod has all of its launches again. */
const MAX_PODS = 20_000;
/** How many seconds' worth of all launches may come at once. */
const BURST_SECONDS = 2;

/** `now` in milliseconds, of a clock that does not go back. */
export function createLaunchRates(limits: LaunchRateLimits, now: () => number): DecideRate {
  const ofPod = { perSecond: limits.perMinutePerPod / 60, burst: limits.perMinutePerPod };
  const ofAll = { perSecond: limits.perSecond, burst: limits.perSecond * BURST_SECONDS };
  const pods = new LRUCache<string, TokenBucket>({ max: MAX_PODS });
  let all: TokenBucket | undefined;

  return (podUid) => {
    const nowMs = now();
    const pod = refill(pods.get(podUid), ofPod, nowMs);
    // Who is refused takes nothing: a Pod that runs wild leaves to the others what is theirs.
    if (pod.tokens < 1) {
      return refuse(`this Pod asks more than ${limits.perMinutePerPod} times a minute`, ofPod, pod);
    }
    const together = refill(all, ofAll, nowMs);
    if (together.tokens < 1) {
      return refuse(`all Pods ask more than ${limits.perSecond} times a second`, ofAll, together);
    }
    pods.set(podUid, { ...pod, tokens: pod.tokens - 1 });
    all = { ...together, tokens: together.tokens - 1 };
    return { allowed: true };
  };
}

function refuse(reason: string, rate: TokenRate, bucket: TokenBucket): RateDecision {
  const retryAfterSeconds = Math.ceil(secondsToToken(bucket, rate));
  return { allowed: false, message: `${reason}; try again later`, retryAfterSeconds };
}
