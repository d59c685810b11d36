// Decides, before any work, whether a request is taken on: not when too many are in work, in all or of one address, and not
// when one address asks too fast. A Pod that runs wild is to hurt itself, not its neighbours. A request that is still being sent
// is no work yet: it is let in by its head, and takes a slot when its body is there.

import { createTokenBuckets } from '../concurrency/token-bucket.ts';

export type GuardLimits = {
  readonly maxConcurrent: number;
  readonly maxConcurrentPerAddress: number;
  readonly requestsPerSecondPerAddress: number;
};

export type Refusal = {
  readonly admitted: false;
  readonly reason: string;
  readonly retryAfterSeconds: number;
};

export type Admission =
  | {
      readonly admitted: true;
      /** To be called once, when the request has its answer. */ readonly leave: () => void;
    }
  | Refusal;

export type Guard = {
  /** Of a request whose head is there: counts it for the rate, and takes no slot. */
  readonly arrive: (address: string) => { readonly admitted: true } | Refusal;
  /** Of a request that is there as a whole. */
  readonly enter: (address: string) => Admission;
};

/** How many seconds' worth of requests may come at once. */
const BURST_SECONDS = 2;

/** `now` in milliseconds, of a clock that does not go back. */
export function createGuard(limits: GuardLimits, now: () => number): Guard {
  const perSecond = limits.requestsPerSecondPerAddress;
  const rates = createTokenBuckets({ perSecond, burst: perSecond * BURST_SECONDS }, now);
  const inWork = new Map<string, number>();
  let total = 0;

  function refuse(address: string): Refusal | undefined {
    if (total >= limits.maxConcurrent) return busy('the provider has', total);
    const own = inWork.get(address) ?? 0;
    if (own >= limits.maxConcurrentPerAddress) return busy('this address has', own);
    return undefined;
  }

  function count(address: string): () => void {
    total += 1;
    inWork.set(address, (inWork.get(address) ?? 0) + 1);
    return () => {
      total -= 1;
      const left = (inWork.get(address) ?? 1) - 1;
      if (left === 0) inWork.delete(address);
      else inWork.set(address, left);
    };
  }

  return {
    arrive: (address) => {
      // Where all slots are taken, its body need not be read.
      const refusal = refuse(address);
      if (refusal) return refusal;
      const waitSeconds = rates.take(address);
      return waitSeconds > 0 ? tooFast(perSecond, waitSeconds) : { admitted: true };
    },
    enter: (address) => refuse(address) ?? { admitted: true, leave: count(address) },
  };
}

function busy(who: string, count: number): Refusal {
  return {
    admitted: false,
    reason: `${who} ${count} requests in work; try again`,
    retryAfterSeconds: 1,
  };
}

function tooFast(perSecond: number, retryAfterSeconds: number): Refusal {
  const reason = `this address sends more than ${perSecond} requests per second; slow down`;
  return { admitted: false, reason, retryAfterSeconds };
}
