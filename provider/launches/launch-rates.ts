// Decides whether a launch may go on to AWS now (check 8): not when its Pod asks too often, and not when all of them together
// do. AWS throttles a whole account, so one Pod that runs wild would keep the others from starting.

import { LRUCache } from 'lru-cache';

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

type Rate = { readonly perMs: number; readonly atOnce: number };
type Bucket = { readonly left: number; readonly atMs: number };

/** `now` in milliseconds, of a clock that does not go back. */
export function createLaunchRates(limits: LaunchRateLimits, now: () => number): DecideRate {
  const ofPod = { perMs: limits.perMinutePerPod / 60_000, atOnce: limits.perMinutePerPod };
  const ofAll = { perMs: limits.perSecond / 1_000, atOnce: limits.perSecond * BURST_SECONDS };
  const pods = new LRUCache<string, Bucket>({ max: MAX_PODS });
  let all: Bucket | undefined;

  return (podUid) => {
    const nowMs = now();
    const pod = refill(pods.get(podUid), ofPod, nowMs);
    // Who is refused takes nothing: a Pod that runs wild leaves to the others what is theirs.
    if (pod.left < 1) {
      return refuse(`this Pod asks more than ${limits.perMinutePerPod} times a minute`, ofPod, pod);
    }
    const together = refill(all, ofAll, nowMs);
    if (together.left < 1) {
      return refuse(`all Pods ask more than ${limits.perSecond} times a second`, ofAll, together);
    }
    pods.set(podUid, { left: pod.left - 1, atMs: nowMs });
    all = { left: together.left - 1, atMs: nowMs };
    return { allowed: true };
  };
}

function refill(bucket: Bucket | undefined, { perMs, atOnce }: Rate, nowMs: number): Bucket {
  if (bucket === undefined) return { left: atOnce, atMs: nowMs };
  const gained = (nowMs - bucket.atMs) * perMs;
  return { left: Math.min(atOnce, bucket.left + gained), atMs: nowMs };
}

function refuse(reason: string, { perMs }: Rate, { left }: Bucket): RateDecision {
  const retryAfterSeconds = Math.ceil((1 - left) / perMs / 1_000);
  return { allowed: false, message: `${reason}; try again later`, retryAfterSeconds };
}
