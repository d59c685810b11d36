// Answers what an image runs: reference → mirror → credentials → registry → entrypoint and cmd.

import { ProviderError } from '../errors.ts';
import type { PullSecretReference } from '../kubernetes/pull-secrets.ts';
import { credentialKey, type Credential } from './credential.ts';
import { matchesHostGlob } from './host-glob.ts';
import { createImageCache, type CacheScope, type ImageCache } from './image-cache.ts';
import type { CredentialCandidate } from './keychain.ts';
import { allRefused, withContext, type Refusal } from './lookup-message.ts';
import { selectMirror } from './mirrors.ts';
import type { SendOutbound } from './outbound-client.ts';
import { selectCommand } from './platforms.ts';
import { readCredentials, type CredentialDependencies } from './read-credentials.ts';
import { readPlatforms } from './read-platforms.ts';
import { parseImageReference, type Digest, type ImageReference } from './reference.ts';
import {
  createRegistryClient,
  RegistryRefusal,
  type RegistryAccess,
  type RegistryClient,
} from './registry-client.ts';
import type { RegistrySettings } from './registry-settings.ts';
import { createSingleFlight, untilAborted } from './single-flight.ts';

export type ImageConfig = {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** What the reference resolved to: of the index, where there is one. */
  readonly digest: Digest;
};

export type ImageQuestion = {
  /** As written in the Pod. */
  readonly reference: string;
  /** Empty = all platforms of the image must agree. */
  readonly architectures: readonly string[];
  /** As kubelet's imagePullPolicy Always: a tag is resolved anew. */
  readonly pullAlways: boolean;
  /** Honoured only for hosts that the settings list. */
  readonly skipVerifyRegistry: boolean;
  /** In the order in which they count. */
  readonly pullSecrets: readonly PullSecretReference[];
};

/** Throws ProviderError with a LookupErrorCode; its message is for the author of the Pod. */
export type ReadImageConfig = (
  question: ImageQuestion,
  signal: AbortSignal,
) => Promise<ImageConfig>;

export type ImageConfigReaderDependencies = CredentialDependencies & {
  readonly settings: RegistrySettings;
  /** Of createOutboundClient. */
  readonly send: SendOutbound;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1, for the pauses between tries. */
  readonly random: () => number;
};

type Lookup = Omit<ImageQuestion, 'reference'> &
  Omit<RegistryAccess, 'credential'> & {
    /** Before mirroring; `reference` is what is looked up. */
    readonly written: ImageReference;
  };

type Tools = { readonly registry: RegistryClient; readonly cache: ImageCache };

/** Refused is what every credential was. */
type Outcome =
  | { readonly kind: 'read'; readonly config: ImageConfig }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] };

export function createImageConfigReader(
  dependencies: ImageConfigReaderDependencies,
): ReadImageConfig {
  const { settings, now } = dependencies;
  const tools: Tools = {
    registry: createRegistryClient(dependencies),
    cache: createImageCache(settings.tagCacheMs, now),
  };
  const share = createSingleFlight<Outcome>();

  const read = async (lookup: Lookup, deadline: AbortSignal, patience: AbortSignal) => {
    const { candidates, notes } = await readCredentials(dependencies, lookup, patience);
    const known = findKnown(tools.cache, lookup, candidates);
    // The flight is bound by the deadline alone: who started it may leave before the others.
    const outcome =
      known ??
      (await share(flightKey(lookup, candidates), () =>
        readWithEach(tools, { lookup, candidates }, deadline),
      ));
    return { ...outcome, notes };
  };

  return async (question, signal) => {
    const lookup = parseLookup(question, settings);
    const deadline = AbortSignal.timeout(settings.lookupTimeoutMs);
    const patience = AbortSignal.any([signal, deadline]);
    const outcome = await untilAborted(read(lookup, deadline, patience), patience).catch(
      (error: unknown) => {
        const failure = patience.aborted ? tooLate(settings.lookupTimeoutMs, error) : error;
        throw withContext(lookup, failure);
      },
    );
    if (outcome.kind === 'refused') throw allRefused(lookup, outcome);
    return outcome.config;
  };
}

/** Throws `invalid_image_reference` and `registry_not_allowed`. */
function parseLookup(question: ImageQuestion, settings: RegistrySettings): Lookup {
  const written = parseImageReference(question.reference);
  const reference = selectMirror(written, settings.mirrors);
  const { registry } = reference;
  const { allowList } = settings;
  const isAllowed =
    allowList.length === 0 || allowList.some((glob) => matchesHostGlob(glob, registry));
  if (!isAllowed) throw notInAllowList(registry);
  return {
    ...question,
    written,
    reference,
    plainHttp: settings.plainHttpHosts.includes(registry),
    skipVerify: question.skipVerifyRegistry && settings.skipVerifyHosts.includes(registry),
  };
}

/** From the cache, without asking the registry, where one of the credentials has read it before. */
function findKnown(
  cache: ImageCache,
  lookup: Lookup,
  candidates: readonly CredentialCandidate[],
): Outcome | undefined {
  const { target } = lookup.reference;
  for (const { credential } of candidates) {
    const scope = scopeOf(lookup, credential);
    const ofTag =
      'tag' in target && !lookup.pullAlways ? cache.findDigest(scope, target.tag) : undefined;
    const digest = 'digest' in target ? target.digest : ofTag;
    const config = digest && cache.findConfig(scope, digest, lookup.architectures);
    if (config) return { kind: 'read', config };
  }
  return undefined;
}

/** Each credential in turn, until one is not refused. */
async function readWithEach(
  tools: Tools,
  { lookup, candidates }: { lookup: Lookup; candidates: readonly CredentialCandidate[] },
  signal: AbortSignal,
): Promise<Outcome> {
  const refusals: Refusal[] = [];
  for (const { source, credential } of candidates) {
    try {
      return { kind: 'read', config: await readWith(tools, { lookup, credential }, signal) };
    } catch (error) {
      if (!(error instanceof RegistryRefusal)) throw error;
      refusals.push({ source, status: error.status });
    }
  }
  return { kind: 'refused', refusals };
}

async function readWith(
  { registry, cache }: Tools,
  { lookup, credential }: { lookup: Lookup; credential: Credential },
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { architectures, reference } = lookup;
  const access = { ...lookup, credential };
  const scope = scopeOf(lookup, credential);
  const top = await registry.readManifest(access, undefined, signal);
  const known = cache.findConfig(scope, top.digest, architectures);
  const config = known ?? (await readAnew());
  cache.keepConfig(scope, architectures, config);
  if ('tag' in reference.target) cache.keepDigest(scope, reference.target.tag, top.digest);
  return config;

  async function readAnew(): Promise<ImageConfig> {
    const { commands, others } = await readPlatforms(
      registry,
      { access, top, architectures },
      signal,
    );
    return { ...selectCommand(commands, architectures, others), digest: top.digest };
  }
}

function flightKey(lookup: Lookup, candidates: readonly CredentialCandidate[]): string {
  const { reference, architectures, pullAlways, skipVerify } = lookup;
  const credentials = candidates.map(({ credential }) => credentialKey(credential));
  return JSON.stringify([reference, architectures, pullAlways, skipVerify, credentials]);
}

function scopeOf({ reference, skipVerify }: Lookup, credential: Credential): CacheScope {
  const { registry, repository } = reference;
  return { registry, repository, skipVerify, credentialKey: credentialKey(credential) };
}

function notInAllowList(registry: string): ProviderError {
  return new ProviderError(
    'registry_not_allowed',
    `registry ${registry} is not in the registry allow-list (PIGGY_REGISTRY_ALLOW_LIST); ` +
      'use an image from a listed registry, or set command',
  );
}

function tooLate(timeoutMs: number, cause: unknown): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `not read within ${timeoutMs / 1000} s; try again later, or set command`,
    { cause },
  );
}
