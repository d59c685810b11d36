// Keeps secrets as AWS answered them for some seconds, in memory only, and lets those who ask the same at the same time share
// one question: a thousand Pods that start at once on one secret cost AWS one call. What is kept is what AWS said; whether
// somebody may have it is decided anew for each (read-secrets.ts).

import { LRUCache } from 'lru-cache';
import { errorOf, ProviderError, wordsOf, type ErrorCode, type ErrorWords } from '../errors.ts';
import { roleKey } from './assumed-role.ts';
import { parameterText, type ParameterCall } from './named-parameters.ts';
import type { ParametersQuestion } from './parameter-store-client.ts';
import type { SecretVersionQuestion } from './secrets-manager-client.ts';
import { createSharedQuestions } from './shared-questions.ts';
import { versionText } from './source.ts';

export type SecretCacheOptions = {
  /** 0: nothing is kept, and nothing is shared. */
  readonly ttlMs: number;
  readonly observe: (outcome: CacheOutcome) => void;
  /** In milliseconds, of a clock that does not go back. */
  readonly now: () => number;
};

/** `joined`: another request was asking already. A failure that is still remembered is a `hit` too. */
export type CacheOutcome = 'hit' | 'miss' | 'joined';

/** Characters, about: the cache is bounded by it. */
type Sized = { readonly size: number };

type Read<Question, Answer> = (question: Question, signal: AbortSignal) => Promise<Answer>;

/** `keyOf` tells any two questions apart that AWS could answer differently, and those of two kinds by the kind. */
export type SecretCache = <Question, Answer extends Sized>(
  keyOf: (question: Question) => string,
  read: Read<Question, Answer>,
) => Read<Question, Answer>;

const MAX_SECRETS = 5_000;
// Of text; taken apart for its keys it is some times that in memory.
const MAX_CHARACTERS = 4_194_304;

/** A Deployment that crashes over a missing secret must not ask AWS at its own pace; who creates it must not wait long. */
const FAILURE_KEPT_MS = 1_000;
/** What AWS decided; that it could not be reached may be over the next moment. */
const KEPT_FAILURES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'secret_not_found',
  'aws_access_denied',
  'aws_throttled',
  'invalid_annotation',
]);

type Outcome =
  | { readonly kind: 'answer'; readonly answer: Sized }
  | { readonly kind: 'failure'; readonly words: ErrorWords };

type Kept = { readonly outcome: Outcome; readonly validUntilMs: number };

export function createSecretCache({ ttlMs, observe, now }: SecretCacheOptions): SecretCache {
  if (ttlMs === 0) return (_, read) => read;
  const share = createSharedQuestions<Sized>({ maxAgeMs: ttlMs, now });
  const kept = createStore(ttlMs);
  const keeping = { kept, ttlMs, now };

  async function answer(
    key: string,
    read: (signal: AbortSignal) => Promise<Sized>,
    signal: AbortSignal,
  ): Promise<Sized> {
    const known = kept.get(key);
    if (known !== undefined && now() < known.validUntilMs) {
      observe('hit');
      return settle(known.outcome);
    }
    const start = (end: AbortSignal) => readAndKeep(keeping, key, () => read(end));
    const { joined, answer } = share({ key, start }, signal);
    observe(joined ? 'joined' : 'miss');
    return answer;
  }

  return <Question, Answer extends Sized>(
      keyOf: (question: Question) => string,
      read: Read<Question, Answer>,
    ) =>
    (question: Question, signal: AbortSignal) =>
      // What is kept or shared under a key was answered to the same read.
      answer(keyOf(question), (end) => read(question, end), signal) as Promise<Answer>;
}

type Keeping = {
  readonly kept: LRUCache<string, Kept>;
  readonly ttlMs: number;
  readonly now: () => number;
};

async function readAndKeep({ kept, ttlMs, now }: Keeping, key: string, read: () => Promise<Sized>) {
  // Counted from the question on: what AWS held then may have been replaced while its answer was on its way.
  const startedMs = now();
  const keep = (outcome: Outcome, lastsMs: number) => {
    const validUntilMs = startedMs + Math.min(lastsMs, ttlMs);
    if (validUntilMs > now()) kept.set(key, { outcome, validUntilMs });
  };
  try {
    const answer = await read();
    keep({ kind: 'answer', answer }, ttlMs);
    return answer;
  } catch (error) {
    const isKept = error instanceof ProviderError && KEPT_FAILURES.has(error.code);
    if (isKept) keep({ kind: 'failure', words: wordsOf(error) }, FAILURE_KEPT_MS);
    throw error;
  }
}

/** The role is part of it: what it may not read must not come out of what another one read. */
export function versionKey({ secretId, region, version, role }: SecretVersionQuestion): string {
  const wanted = versionText(version);
  return JSON.stringify(['secret', secretId, region, version.kind, wanted, roleKey(role)]);
}

export function parametersKey({ path, region, role }: ParametersQuestion): string {
  return JSON.stringify(['parameters', path, region, roleKey(role)]);
}

export function namedParametersKey({ parameters, region, role }: ParameterCall): string {
  return JSON.stringify(['named parameters', parameters.map(parameterText), region, roleKey(role)]);
}

/** Values leave the memory when they may no longer be used, be they asked for again or not. */
function createStore(ttlMs: number): LRUCache<string, Kept> {
  return new LRUCache({
    max: MAX_SECRETS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ outcome }, key) => key.length + sizeOf(outcome),
    ttl: ttlMs,
    ttlAutopurge: true,
  });
}

function sizeOf(outcome: Outcome): number {
  return outcome.kind === 'answer' ? outcome.answer.size : 1;
}

function settle(outcome: Outcome): Sized {
  if (outcome.kind === 'answer') return outcome.answer;
  throw errorOf(outcome.words);
}
