// Keeps failures of lookups for seconds, so that Pods which are created again and again do not ask again and again.

import { LRUCache } from 'lru-cache';
import type { ErrorCode, ProviderError } from '../errors.ts';
import type { Refusal } from './lookup-message.ts';

export type Failure =
  /** What every credential was. */
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'failed'; readonly error: ProviderError };

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
const REFUSED_MS = 10_000;
// However long a registry asks for: it may have been wrong, or mended.
const LONGEST_MS = 60_000;

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
  const kept = new LRUCache<string, { failure: Failure; until: number }>({ max: MAX_FAILURES });
  const findOne = (key: string) => {
    const found = kept.get(key);
    return found && found.until > now() ? found.failure : undefined;
  };
  return {
    find: ({ lookup, registry }) => findOne(registry) ?? findOne(lookup),
    keep: ({ lookup, registry }, failure) => {
      // A registry that names a time means whoever asks, and not one image.
      const key = isTimed(failure) ? registry : lookup;
      kept.set(key, { failure, until: now() + decideKeptMs(failure) });
    },
  };
}

function isTimed(failure: Failure): boolean {
  return failure.kind === 'failed' && waitOf(failure.error) !== undefined;
}

function decideKeptMs(failure: Failure): number {
  if (failure.kind === 'refused') return REFUSED_MS;
  const seconds = waitOf(failure.error);
  return seconds === undefined
    ? (KEPT_MS[failure.error.code] ?? 0)
    : Math.min(seconds * 1000, LONGEST_MS);
}

function waitOf({ code, retryAfterSeconds }: ProviderError): number | undefined {
  return code === 'registry_rate_limited' ? retryAfterSeconds : undefined;
}
