// Answers what an image runs: reference → mirror → credentials → registry → entrypoint and cmd.

import { ProviderError } from '../errors.ts';
import type { PullSecretReference } from '../kubernetes/pull-secrets.ts';
import { credentialKey } from './credential.ts';
import { createFailureCache, type FailureKeys } from './failure-cache.ts';
import { createImageCache } from './image-cache.ts';
import type { CredentialCandidate } from './keychain.ts';
import { parseLookup, type Lookup } from './lookup.ts';
import { allRefused, withContext } from './lookup-message.ts';
import type { SendOutbound } from './outbound-client.ts';
import { readCredentials, type CredentialDependencies } from './read-credentials.ts';
import {
  findKnown,
  readWithCredentials,
  type LookupAttempt,
  type LookupTools,
  type Outcome,
} from './read-with-credentials.ts';
import type { Digest } from './reference.ts';
import { createRegistryClient } from './registry-client.ts';
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

export function createImageConfigReader(
  dependencies: ImageConfigReaderDependencies,
): ReadImageConfig {
  const { settings, now } = dependencies;
  const tools: LookupTools = {
    registry: createRegistryClient(dependencies),
    cache: createImageCache(settings.tagCacheMs, now),
  };
  const readShared = createSharedRead(tools, now);

  const read = async (lookup: Lookup, deadline: AbortSignal, patience: AbortSignal) => {
    const { candidates, notes } = await readCredentials(dependencies, lookup, patience);
    const attempt = { lookup, candidates };
    // The shared work is bound by the deadline alone: who started it may leave before the others.
    const outcome = findKnown(tools.cache, attempt) ?? (await readShared(attempt, deadline));
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

/** One reading at a time for all who ask the same with the same credentials; what fails is not tried anew at once. */
function createSharedRead(tools: LookupTools, now: () => number) {
  const share = createSingleFlight<Outcome>();
  const failures = createFailureCache(now);

  const readAndKeep = async (
    attempt: LookupAttempt,
    keys: FailureKeys,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    try {
      const outcome = await readWithCredentials(tools, attempt, signal);
      if (outcome.kind === 'refused') failures.keep(keys, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof ProviderError) failures.keep(keys, { kind: 'failed', error });
      throw error;
    }
  };
  return async (attempt: LookupAttempt, signal: AbortSignal): Promise<Outcome> => {
    const keys = keysOf(attempt);
    const failure = failures.find(keys);
    if (failure?.kind === 'failed') throw failure.error;
    return failure ?? (await share(keys.lookup, () => readAndKeep(attempt, keys, signal)));
  };
}

function keysOf({ lookup, candidates }: LookupAttempt): FailureKeys {
  const { reference, architectures, skipVerify } = lookup;
  const access = [skipVerify, ...candidates.map(keyOf)];
  return {
    lookup: JSON.stringify([reference, architectures, access]),
    registry: JSON.stringify([reference.registry, access]),
  };
}

function keyOf({ credential }: CredentialCandidate): string {
  return credentialKey(credential);
}

function tooLate(timeoutMs: number, cause: unknown): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `not read within ${timeoutMs / 1000} s; try again later, or set command`,
    { cause },
  );
}
