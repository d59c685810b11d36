// Decides whether a launch may go on to AWS now (check 8): not when its Pod asks too often, and not when all of them together
// do. AWS throttles a whole account, so one Pod that runs wild would keep the others from starting.

import { createTokenBucket, createTokenBuckets } from '../concurrency/token-bucket.ts';

export type LaunchRateLimits = {
  readonly perMinutePerPod: number;
  readonly perSecond: number;
};

export type RateDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly message: string; readonly retryAfterSeconds: number };

export type DecideRate = (podUid: string) => RateDecision;

/** How many seconds' worth of all launches may come at once. */
const BURST_SECONDS = 2;

/** `now` in milliseconds, of a clock that does not go back. */
export function createLaunchRates(limits: LaunchRateLimits, now: () => number): DecideRate {
  const ofPod = { perSecond: limits.perMinutePerPod / 60, burst: limits.perMinutePerPod };
  const ofAll = { perSecond: limits.perSecond, burst: limits.perSecond * BURST_SECONDS };
  const pods = createTokenBuckets(ofPod, now);
  const all = createTokenBucket(ofAll, now);

  return (podUid) => {
    // Who is refused takes nothing: a Pod that runs wild leaves to the others what is theirs.
    const podSeconds = pods.take(podUid);
    if (podSeconds > 0) {
      return refuse(`this Pod asks more than ${limits.perMinutePerPod} times a minute`, podSeconds);
    }
    const allSeconds = all.take();
    if (allSeconds === 0) return { allowed: true };
    pods.giveBack(podUid);
    return refuse(`all Pods ask more than ${limits.perSecond} times a second`, allSeconds);
  };
}

export function refuse(reason: string, waitSeconds: number): RateDecision {
  const retryAfterSeconds = Math.ceil(waitSeconds);
  return { allowed: false, message: `${reason}; try again later`, retryAfterSeconds };
}
