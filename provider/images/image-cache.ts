// Keeps what was read, each for the credential that read it: a private image is served to nobody else.

import { LRUCache } from 'lru-cache';
import type { ImageConfig } from './image-config.ts';
import type { Digest } from './reference.ts';

/** Whose copy: everything that decides what a registry shows, but for tag and digest. */
export type CacheScope = {
  readonly registry: string;
  readonly repository: string;
  /** What was read without verifying the registry is not served to those who want it verified. */
  readonly skipVerify: boolean;
  readonly credentialKey: string;
};

export type ImageCache = {
  /** Also when its time is over: then it is only worth asking whether it still holds. */
  readonly findTag: (scope: CacheScope, tag: string) => CachedTag | undefined;
  readonly keepDigest: (scope: CacheScope, tag: string, digest: Digest) => void;
  readonly findConfig: (
    scope: CacheScope,
    digest: Digest,
    architectures: readonly string[],
  ) => ImageConfig | undefined;
  readonly keepConfig: (
    scope: CacheScope,
    architectures: readonly string[],
    config: ImageConfig,
  ) => void;
};

export type CachedTag = { readonly digest: Digest; readonly isFresh: boolean };

const MAX_TAGS = 10_000;
const MAX_CONFIGS = 10_000;
// Authors choose the images, so their size counts and not only their number.
const MAX_CHARACTERS = 16_777_216;

export function createImageCache(tagCacheMs: number, now: () => number): ImageCache {
  const tags = new LRUCache<string, { digest: Digest; validUntil: number }>({ max: MAX_TAGS });
  const configs = new LRUCache<string, ImageConfig>({
    max: MAX_CONFIGS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (config, key) => JSON.stringify(config).length + key.length,
  });
  return {
    findTag: (scope, tag) => {
      const found = tags.get(keyOf(scope, tag));
      return found && { digest: found.digest, isFresh: found.validUntil > now() };
    },
    keepDigest: (scope, tag, digest) => {
      tags.set(keyOf(scope, tag), { digest, validUntil: now() + tagCacheMs });
    },
    findConfig: (scope, digest, architectures) =>
      configs.get(keyOf(scope, digest, ...architectures.toSorted())),
    keepConfig: (scope, architectures, config) => {
      configs.set(keyOf(scope, config.digest, ...architectures.toSorted()), config);
    },
  };
}

function keyOf(scope: CacheScope, ...rest: readonly string[]): string {
  const { registry, repository, skipVerify, credentialKey } = scope;
  return JSON.stringify([registry, repository, skipVerify, credentialKey, ...rest]);
}
