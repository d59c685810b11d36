// Reads an image with each credential in turn, and from memory what has not changed.

import { credentialKey, type Credential } from './credential.ts';
import type { CacheScope, ImageCache } from './image-cache.ts';
import type { ImageConfig } from './image-config.ts';
import type { CredentialCandidate } from './keychain.ts';
import type { Lookup } from './lookup.ts';
import type { Refusal } from './lookup-message.ts';
import { selectCommand } from './platforms.ts';
import { readPlatforms } from './read-platforms.ts';
import { RegistryRefusal } from './registry-answer.ts';
import type { RegistryClient } from './registry-client.ts';

export type LookupTools = { readonly registry: RegistryClient; readonly cache: ImageCache };

export type LookupAttempt = {
  readonly lookup: Lookup;
  readonly candidates: readonly CredentialCandidate[];
};

type Read = { readonly kind: 'read'; readonly config: ImageConfig };

/** Refused is what every credential was. */
export type Outcome = Read | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] };

type Attempt = { readonly lookup: Lookup; readonly credential: Credential };

/** Without asking the registry, where one of the credentials has read the image and that is still believed. */
export function findKnown(
  cache: ImageCache,
  { lookup, candidates }: LookupAttempt,
): Read | undefined {
  for (const { credential } of candidates) {
    const known = findCached(cache, { lookup, credential });
    if (known?.isFresh) return { kind: 'read', config: known.config };
  }
  return undefined;
}

/** Each in turn, until one is not refused; at first the one that has read the image before. */
export async function readWithCredentials(
  tools: LookupTools,
  { lookup, candidates }: LookupAttempt,
  signal: AbortSignal,
): Promise<Outcome> {
  const hasRead = ({ credential }: CredentialCandidate) =>
    findCached(tools.cache, { lookup, credential }) ? 0 : 1;
  const refusals: Refusal[] = [];
  for (const candidate of candidates.toSorted((one, other) => hasRead(one) - hasRead(other))) {
    const result = await tryCandidate(tools, { lookup, candidate }, signal);
    if (!(result instanceof RegistryRefusal)) return { kind: 'read', config: result };
    refusals.push({ source: candidate.source, status: result.status, said: result.said });
  }
  return { kind: 'refused', refusals };
}

/** With its newer version too, where the registry refuses it and there is one. */
async function tryCandidate(
  tools: LookupTools,
  { lookup, candidate }: { lookup: Lookup; candidate: CredentialCandidate },
  signal: AbortSignal,
): Promise<ImageConfig | RegistryRefusal> {
  const { credential, renew } = candidate;
  const result = await tryCredential(tools, { lookup, credential }, signal);
  const isRefused = result instanceof RegistryRefusal && result.status !== 404;
  if (!isRefused || !renew) return result;
  const newer = await renew().catch(() => undefined);
  return newer ? tryCredential(tools, { lookup, credential: newer }, signal) : result;
}

async function tryCredential(
  tools: LookupTools,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<ImageConfig | RegistryRefusal> {
  try {
    return (
      (await readUnchanged(tools, attempt, signal)) ?? (await readAnew(tools, attempt, signal))
    );
  } catch (error) {
    if (error instanceof RegistryRefusal) return error;
    throw error;
  }
}

/** What is in memory, if the registry says that the tag still names it. */
async function readUnchanged(
  { registry, cache }: LookupTools,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<ImageConfig | undefined> {
  const { lookup, credential } = attempt;
  const known = findCached(cache, attempt);
  const { target } = lookup.reference;
  if (!known || !('tag' in target)) return undefined;
  const digest = await registry.readTagDigest({ ...lookup, credential }, signal);
  if (digest !== known.config.digest) return undefined;
  cache.keepDigest(scopeOf(attempt), target.tag, digest);
  return known.config;
}

async function readAnew(
  { registry, cache }: LookupTools,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { lookup, credential } = attempt;
  const { architectures, reference } = lookup;
  const access = { ...lookup, credential };
  const scope = scopeOf(attempt);
  const top = await registry.readManifest(access, undefined, signal);
  const known = cache.findConfig(scope, top.digest, architectures);
  const config = known ?? (await readConfig());
  cache.keepConfig(scope, architectures, config);
  if ('tag' in reference.target) cache.keepDigest(scope, reference.target.tag, top.digest);
  return config;

  async function readConfig(): Promise<ImageConfig> {
    const image = { access, top, architectures };
    const { commands, others } = await readPlatforms(registry, image, signal);
    return { ...selectCommand(commands, architectures, others), digest: top.digest };
  }
}

function findCached(
  cache: ImageCache,
  attempt: Attempt,
): { readonly config: ImageConfig; readonly isFresh: boolean } | undefined {
  const { architectures, pullAlways, reference } = attempt.lookup;
  const scope = scopeOf(attempt);
  const { target } = reference;
  const named =
    'tag' in target ? cache.findTag(scope, target.tag) : { digest: target.digest, isFresh: true };
  const config = named && cache.findConfig(scope, named.digest, architectures);
  if (!config) return undefined;
  return { config, isFresh: named.isFresh && !(pullAlways && 'tag' in target) };
}

function scopeOf({ lookup, credential }: Attempt): CacheScope {
  const { registry, repository } = lookup.reference;
  const { skipVerify } = lookup;
  return { registry, repository, skipVerify, credentialKey: credentialKey(credential) };
}
