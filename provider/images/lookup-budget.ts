// What image lookups may use: one question of Kyverno, one image, and all of them at once with each namespace's share. Authors
// multiply images, pull secrets, platforms, credentials and redirects, so each has a bound that no honest Pod meets, and what
// they come to in all has one too. Limits of time are settings. docs/operations.md shows the table to operators.

/** Of one question, which is about one Pod. */
export const PER_QUESTION = {
  /** More than a Pod has containers without `command`, less than what would keep registries busy. */
  images: 50,
  /** The API server takes thousands; a Pod that needs more than these for its images has none of them here. */
  pullSecrets: 20,
  /** Ten registries, each with a token server and two hosts of its storage; a Pod has images of one or two. */
  hosts: 40,
  /** Fifty images of ten platforms, as the official ones have: a manifest and a config each, half of them sent on once, and tokens. */
  requests: 2_000,
  /** Four times what fifty images of ten platforms have: about 30 kB of manifests and configs a platform. */
  bytesRead: 67_108_864,
  /** Of all commands in an answer, as JSON: the Pod that they are written into has to fit into etcd (1.5 MiB). */
  bytesAnswered: 1_048_576,
} as const;

/** Of one image. */
export const PER_IMAGE = {
  /** The largest official images have twelve; attestations do not count. */
  platforms: 64,
  /** An index in an index is rare, a third one unknown. */
  indexDepth: 3,
  /** Manifests and configs have a few kB each; layers are not read. */
  bytesRead: 8_388_608,
  /** The kernel takes 128 KiB for one argument, and the Pod has to hold all of them. */
  commandBytes: 131_072,
} as const;

/** Of one request to a registry or its token server. */
export const PER_REQUEST = {
  /** What registries themselves take at most as a manifest. */
  contentBytes: 4_194_304,
  /** A token has to fit into a header; the rest is for what stands beside it. */
  tokenBytes: 1_048_576,
  /** For the registry's own words. */
  errorBytes: 65_536,
  /** One or two lead to the storage. */
  redirects: 5,
  /** Three more for answers and connections that another try is likely to mend. */
  tries: 4,
} as const;

/** Of one pull secret, or of the provider's own docker config. */
export const PER_DOCKER_CONFIG = {
  /** Nobody has accounts at so many registries, and each is compared with each image. */
  entries: 500,
} as const;

/** All lookups together, and of that one namespace: the others leave memory and connections to launches and to each other. */
export const AT_ONCE = {
  /** Of an image up to 8 MiB are read at once, its platforms side by side; each document is let go as soon as it is parsed. */
  images: { all: 8, perKey: 4 },
  /** As many as lookups have connections to the API server; launches have others. */
  pullSecrets: { all: 10, perKey: 5 },
} as const;

/**
 * Host names that lookups resolve at once. getaddrinfo cannot be cancelled, and libuv gives it half of its threads, rounded
 * up: lookups take half of those, so that names that never answer leave the others to launches; a namespace takes a quarter of
 * that.
 */
export function shareHostNames(threads: number): { readonly all: number; readonly perKey: number } {
  const all = Math.max(1, Math.floor(Math.floor((threads + 1) / 2) / 2));
  return { all, perKey: Math.max(1, Math.floor(all / 4)) };
}
