// Remembers which container starts are closed, for long and in few bytes: a cluster starts thousands an hour. A start is kept as
// a digest of its name, together with those that are forgotten in the same minute.

import { hash } from 'node:crypto';
import type { ContainerStart } from './decide-launch.ts';

export type ClosedStarts = {
  readonly has: (start: ContainerStart) => boolean;
  /** Kept until `forgottenMs` (of the clock) or up to a minute longer. */
  readonly add: (start: ContainerStart, forgottenMs: number) => void;
  readonly count: () => number;
};

export type ClosedStartsOptions = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Beyond it the oldest are forgotten early; Kubernetes still says when their containers started. */
  readonly max: number;
};

/** Digests of names to when their containers started, in whole seconds as Kubernetes tells it: small integers take no memory. */
type Starts = Map<number, number>;

const TOGETHER_MS = 60_000;
const UNKNOWN = -1;

export function createClosedStarts({ now, max }: ClosedStartsOptions): ClosedStarts {
  /** By the end of their minute. */
  const minutes = new Map<number, Starts>();
  let count = 0;

  function forget(endMs: number): void {
    count -= minutes.get(endMs)?.size ?? 0;
    minutes.delete(endMs);
  }

  function forgetOld(): void {
    for (const endMs of minutes.keys()) if (endMs <= now()) forget(endMs);
    while (count > max) forget(Math.min(...minutes.keys()));
  }

  return {
    has: (start) => {
      const key = digest(start);
      const asked = secondsOf(start);
      for (const [endMs, starts] of minutes) {
        const kept = endMs > now() ? starts.get(key) : undefined;
        if (kept === undefined || !isSame(kept, asked)) continue;
        if (kept === UNKNOWN) starts.set(key, asked);
        return true;
      }
      return false;
    },
    add: (start, forgottenMs) => {
      const endMs = Math.ceil(forgottenMs / TOGETHER_MS) * TOGETHER_MS;
      const starts = minutes.get(endMs) ?? new Map<number, number>();
      minutes.set(endMs, starts);
      count -= starts.size;
      starts.set(digest(start), secondsOf(start));
      count += starts.size;
      forgetOld();
    },
    count: () => count,
  };
}

function isSame(kept: number, asked: number): boolean {
  return kept === UNKNOWN || asked === UNKNOWN || kept === asked;
}

/** 52 bits: with 100,000 kept, one start in 40 thousand million is taken for another, and refused. */
function digest({ podUid, container, restarts }: ContainerStart): number {
  const hex = hash('sha256', `${podUid}/${container}/${restarts}`, 'hex');
  return Number.parseInt(hex.slice(0, 13), 16);
}

function secondsOf({ startedAtMs }: ContainerStart): number {
  return startedAtMs === undefined ? UNKNOWN : Math.floor(startedAtMs / 1_000);
}
