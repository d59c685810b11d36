// Keeps failures of lookups for seconds, so that Pods which are created again and again do not ask again and again.

import { LRUCache } from 'lru-cache';
import type { ErrorCode, ErrorWords } from '../errors.ts';
import type { Refusal } from './lookup-message.ts';
import { shorten } from './shorten.ts';

export type Failure =
  /** What every credential was. */
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  /** Not the error itself, which may hold what was read. */
  | { readonly kind: 'failed'; readonly words: ErrorWords };

export type FailureKeys = {
  /** Of this image for these credentials. */
  readonly lookup: string;
  /** Of all images of the registry for these credentials. */
  readonly registry: string;
};

export type FailureCache = {
  readonly find: (keys: FailureKeys) => Failure | undefined;
  readonly keep: (keys: FailureKeys, failure: Failure) => void;
};

const MAX_FAILURES = 5_000;
const MAX_CHARACTERS = 4_194_304;
/** Of a message, which can have words of the registry in it. */
const MAX_MESSAGE = 1_000;
const REFUSED_MS = 10_000;
// However long a registry asks for: it may have been wrong, or mended.
const LONGEST_MS = 60_000;
/** All are looked at for those whose time is over, so not at each failure: there may be thousands a second. */
const DROP_ONCE_IN_MS = 1_000;

/** What is not here is not kept. Whoever mends the cause shall not wait long, and the sooner the likelier it is. */
const KEPT_MS: Partial<Record<ErrorCode, number>> = {
  registry_unavailable: 5_000,
  registry_rate_limited: 10_000,
  image_not_found: REFUSED_MS,
  image_unreadable: 30_000,
  platforms_disagree: 30_000,
  registry_not_allowed: 30_000,
};

export function createFailureCache(now: () => number): FailureCache {
  const kept = new LRUCache<string, { failure: Failure; until: number }>({
    max: MAX_FAILURES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ failure }, key) => key.length + JSON.stringify(failure).length,
  });
  const findOne = (key: string) => {
    const found = kept.get(key);
    return found && found.until > now() ? found.failure : undefined;
  };
  let dropAgainMs = -Infinity;
  const dropEnded = () => {
    if (now() < dropAgainMs) return;
    dropAgainMs = now() + DROP_ONCE_IN_MS;
    for (const [key, { until }] of kept.entries()) if (until <= now()) kept.delete(key);
  };
  return {
    find: ({ lookup, registry }) => findOne(registry) ?? findOne(lookup),
    keep: ({ lookup, registry }, failure) => {
      dropEnded();
      const keptMs = decideKeptMs(failure);
      if (keptMs === 0) return;
      // A registry that names a time means all of its images.
      const key = isTimed(failure) ? registry : lookup;
      kept.set(key, { failure: shortened(failure), until: now() + keptMs });
    },
  };
}

function shortened(failure: Failure): Failure {
  if (failure.kind === 'refused') return failure;
  const { words } = failure;
  return { kind: 'failed', words: { ...words, message: shorten(words.message, MAX_MESSAGE) } };
}

function isTimed(failure: Failure): boolean {
  return failure.kind === 'failed' && waitOf(failure.words) !== undefined;
}

function decideKeptMs(failure: Failure): number {
  if (failure.kind === 'refused') return REFUSED_MS;
  const seconds = waitOf(failure.words);
  return seconds === undefined
    ? (KEPT_MS[failure.words.code] ?? 0)
    : Math.min(seconds * 1000, LONGEST_MS);
}

function waitOf({ code, retryAfterSeconds }: ErrorWords): number | undefined {
  return code === 'registry_rate_limited' ? retryAfterSeconds : undefined;
}
