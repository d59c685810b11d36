// Decides whether a Pod is listened to at all (checks 0 and 1), whatever it is answered then: each of its questions makes two to the
// API server, and a Pod that is refused would ask again as fast as it can.

import { LRUCache } from 'lru-cache';
import { createTokenBuckets } from '../concurrency/token-bucket.ts';
import { refuse, type RateDecision } from './launch-rates.ts';
import { hashToken, type LaunchToken } from './token.ts';

export type PodLimit = {
  /** Before the API server is asked about the token: counts where it is known whose it is, as many at once would all pass otherwise. */
  readonly decideToken: (token: LaunchToken) => RateDecision;
  /** Of the Pod that the API server named for the token: counts what was not counted before. */
  readonly decidePod: (podUid: string, token: LaunchToken) => RateDecision;
};

/**
 * What no Pod that starts comes to: while nothing is answered, the launcher of a container asks seven times in its first three
 * seconds and then every 2.5 s at most, and fifty of them together 350 times and then 20 times a second.
 */
const HONEST = { perSecond: 20, burst: 400 };
const MAX_TOKENS = 20_000;

/** `perMinutePerPod` is what may go on to AWS, and may be asked in any case. `now` in milliseconds, of a clock that does not go back. */
export function createPodLimit(
  { perMinutePerPod }: { readonly perMinutePerPod: number },
  now: () => number,
): PodLimit {
  const perSecond = Math.max(HONEST.perSecond, perMinutePerPod / 60);
  const burst = Math.max(HONEST.burst, perMinutePerPod);
  const pods = createTokenBuckets({ perSecond, burst }, now);
  /** By their hash, the Pods of tokens that were sent too fast. */
  const loud = new LRUCache<string, string>({ max: MAX_TOKENS });

  /** Mostly none is loud, and nothing has to be hashed. */
  function podOf(token: LaunchToken): string | undefined {
    return loud.size === 0 ? undefined : loud.get(hashToken(token));
  }

  function decide(waitSeconds: number): RateDecision {
    if (waitSeconds === 0) return { allowed: true };
    return refuse(`this Pod asks more than ${Math.floor(perSecond)} times a second`, waitSeconds);
  }

  return {
    decideToken: (token) => {
      const podUid = podOf(token);
      return decide(podUid === undefined ? 0 : pods.take(podUid));
    },
    decidePod: (podUid, token) => {
      if (podOf(token) === podUid) return { allowed: true };
      const waitSeconds = pods.take(podUid);
      if (waitSeconds > 0) loud.set(hashToken(token), podUid);
      return decide(waitSeconds);
    },
  };
}
