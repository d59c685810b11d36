// Decides which refusals a Pod's author is told by a Kubernetes Event: those of a Pod that is known, that trying again does not
// change, and each of them once in ten minutes. An Event never delays or changes an answer.

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createTokenBucket } from '../concurrency/token-bucket.ts';
import { ProviderError, type ErrorCode } from '../errors.ts';
import type { PodEvent } from '../kubernetes/events.ts';
import type { LaunchFacts } from './launch-facts.ts';
import type { ReadLaunchValues } from './read-launch-values.ts';

export type DenialEventDependencies = {
  /** `exists`: another replica has written it. */
  readonly writeEvent: (event: PodEvent) => Promise<'written' | 'exists'>;
  readonly observe: (outcome: EventOutcome) => void;
  readonly onFailure: (error: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** `dropped`: there were too many at once. */
export type EventOutcome = 'written' | 'exists' | 'dropped' | 'failed';

const TOLD: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'pod_gone',
  'not_injected',
  'signature_mismatch',
  'launch_window_closed',
  'reference_not_in_spec',
  'access_denied',
  'service_account_not_allowed',
  'invalid_annotation',
  'secret_not_found',
  'ambiguous_parameter',
  'values_too_large',
  'aws_access_denied',
]);

const ONCE_IN_MS = 600_000;
const MAX_REMEMBERED = 10_000;
/** Who creates Pods by the hundred must not flood the API server through us. */
const RATE = { perSecond: 5, burst: 50 };
/** A name has 253 characters at most; behind the Pod's own come a dot and 16 digits. */
const MAX_POD_NAME = 230;

export function withDenialEvents(
  readLaunchValues: ReadLaunchValues,
  dependencies: DenialEventDependencies,
): ReadLaunchValues {
  const tell = createTeller(dependencies);
  return async (question, context) => {
    const known: Facts = {};
    const note = (facts: LaunchFacts) => {
      Object.assign(known, facts);
      context.note(facts);
    };
    try {
      return await readLaunchValues(question, { ...context, note });
    } catch (error) {
      if (error instanceof ProviderError && TOLD.has(error.code)) tell(known, error);
      throw error;
    }
  };
}

type Facts = { -readonly [Name in keyof LaunchFacts]: LaunchFacts[Name] };

function createTeller({ writeEvent, observe, onFailure, now }: DenialEventDependencies) {
  const told = new LRUCache<string, true>({ max: MAX_REMEMBERED });
  const writes = createTokenBucket(RATE, now);
  return (facts: Facts, error: ProviderError) => {
    const event = toEvent(facts, error, now());
    if (event === undefined || told.has(event.name)) return;
    if (writes.take() > 0) {
      observe('dropped');
      return;
    }
    told.set(event.name, true);
    writeEvent(event).then(observe, (failure: unknown) => {
      observe('failed');
      onFailure(failure);
    });
  };
}

/** `undefined` where nobody is known to be told. */
function toEvent(facts: Facts, { code, message }: ProviderError, atMs: number) {
  const { namespace, pod: name, podUid: uid, container } = facts;
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  const pod = { name, uid };
  const text = `${code}: ${message}`;
  const event = { namespace, pod, container, reason: toReason(code), message: text, atMs };
  return { ...event, name: nameOf(event) } satisfies PodEvent;
}

/** The same for the same refusal within ten minutes, on every replica: that is how the second is known. */
function nameOf({ pod, container = '', reason, atMs }: Omit<PodEvent, 'name'>): string {
  const window = Math.floor(atMs / ONCE_IN_MS);
  const what = JSON.stringify([pod.uid, container, reason, window]);
  const digits = createHash('sha256').update(what).digest('hex').slice(0, 16);
  return `${pod.name.slice(0, MAX_POD_NAME).replace(/[.-]+$/, '')}.${digits}`;
}

/** signature_mismatch → SignatureMismatch, as Kubernetes writes reasons. */
function toReason(code: string): string {
  return code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
