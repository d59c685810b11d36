// Answers what an image runs: reference → mirror → credentials → registry → entrypoint and cmd.

import { untilAborted } from '../concurrency/until-aborted.ts';
import { withTimeLimit } from '../concurrency/time-limit.ts';
import { errorOf, ProviderError, wordsOf } from '../errors.ts';
import { credentialKey } from './credential.ts';
import { createFailureCache, type FailureKeys } from './failure-cache.ts';
import { createImageCache } from './image-cache.ts';
import type { ImageConfig } from './image-config.ts';
import { ANONYMOUSLY, type CredentialCandidate } from './keychain.ts';
import { parseLookup, type ImageQuestion, type Lookup } from './lookup.ts';
import { createLookupLimits, type LookupLimits } from './lookup-limits.ts';
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
import { createRegistryClient } from './registry-client.ts';
import { OverBudget } from './question-budget.ts';
import type { RegistrySettings } from './registry-settings.ts';
import { createSingleFlight } from './single-flight.ts';

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
  const { lookupTimeoutMs: timeoutMs } = settings;
  const tools: LookupTools = {
    registry: createRegistryClient(dependencies),
    cache: createImageCache(settings.tagCacheMs, now),
  };
  const limits = createLookupLimits(dependencies.readSecret, timeoutMs);
  const readShared = createSharedRead(tools, { timeoutMs, now, limits });
  const own = { ...dependencies, readSecret: limits.readSecret };

  const read = async (lookup: Lookup, signal: AbortSignal) => {
    const { candidates, notes } = await readCredentials(own, lookup, signal);
    const attempt = { lookup, candidates };
    const outcome = findKnown(tools.cache, attempt) ?? (await readShared(attempt));
    return { ...outcome, notes };
  };

  return async (question, signal) => {
    const lookup = parseLookup(question, settings);
    // What anybody may read: then nothing depends on who asks, and nothing is waited for.
    const known = findKnown(tools.cache, { lookup, candidates: [ANONYMOUSLY] });
    if (known) return known.config;
    const outcome = await withTimeLimit({ timeoutMs, signal }, (patience) =>
      untilAborted(read(lookup, patience), patience).catch((error: unknown) => {
        throw withContext(lookup, patience.aborted ? tooLate(timeoutMs, error) : error);
      }),
    );
    if (outcome.kind === 'refused') throw allRefused(lookup, outcome);
    return outcome.config;
  };
}

type SharedReadOptions = {
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly limits: LookupLimits;
};

/**
 * One reading at a time for all of a namespace who ask the same with the same credentials; what fails is not tried anew at once.
 * Other namespaces neither wait for it nor are told how it ended: its share may be used up, theirs is not.
 */
function createSharedRead(tools: LookupTools, { timeoutMs, now, limits }: SharedReadOptions) {
  const share = createSingleFlight<Outcome>();
  const failures = createFailureCache(now);

  const readAndKeep = async (attempt: LookupAttempt, keys: FailureKeys): Promise<Outcome> => {
    try {
      // Its own time limit, and nobody's signal: who started it may leave before the others.
      const key = attempt.lookup.asker.namespace;
      const outcome = await withTimeLimit({ timeoutMs }, (signal) =>
        limits.images.run({ key, signal }, () => readWithCredentials(tools, attempt, signal)),
      );
      if (outcome.kind === 'refused') failures.keep(keys, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof ProviderError)
        failures.keep(keys, { kind: 'failed', words: wordsOf(error) });
      throw error;
    }
  };
  return async (attempt: LookupAttempt): Promise<Outcome> => {
    const keys = keysOf(attempt);
    const failure = failures.find(keys);
    if (failure?.kind === 'failed') throw errorOf(failure.words);
    if (failure) return failure;
    for (;;) {
      try {
        return await share(keys.lookup, () => readAndKeep(attempt, keys));
      } catch (error) {
        // Another question of the namespace has begun the reading, and has used up its budget; this one has its own.
        const isOthers =
          error instanceof OverBudget && error.budget !== attempt.lookup.asker.budget;
        if (!isOthers) throw error;
      }
    }
  };
}

function keysOf({ lookup, candidates }: LookupAttempt): FailureKeys {
  const { reference, architectures, skipVerify, asker } = lookup;
  const access = [skipVerify, ...candidates.map(keyOf)];
  return {
    lookup: JSON.stringify([asker.namespace, reference, architectures, access]),
    registry: JSON.stringify([asker.namespace, reference.registry, access]),
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
