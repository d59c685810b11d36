// Decides the next step in the life of the sealing key. Kyverno reads the current key at each admission, so a new one stands
// beside it, known to every replica, before it takes its place (docs/decisions/0020).

import { ProviderError } from '../errors.ts';
import type { Entries } from './own-object.ts';
import { isSealingKey } from './sealing-keys.ts';
import type { Decision } from './settle.ts';

/** As it stands in the Secret: base64, which is the text that seals. */
export type StoredSealingKeys = {
  readonly entries: Entries | undefined;
  /** Since when the current key is current: the annotation piggysec.com/key-since. */
  readonly since: string | undefined;
};

export type SealingKeyStep = {
  readonly kind:
    | 'make sealing key'
    | 'date sealing key'
    | 'publish next sealing key'
    | 'use next sealing key'
    | 'retire former sealing key';
};

export type UsableSealingKeys = {
  /** The current one first. */
  readonly keys: readonly string[];
  readonly since: Date;
};

export type SealingKeyTimes = {
  readonly nowMs: number;
  /** For how long this replica has seen the next key standing there, by its own steady clock. */
  readonly nextSeenForMs: number;
  readonly rotationMs: number;
  readonly overlapMs: number;
  /** After which every replica has read the next key for certain. */
  readonly publicationMs: number;
};

const names = ['key', 'next', 'previous'] as const;

/** Throws `internal_error` for an entry that is no key. */
export function decideSealingKeys(
  { entries, since }: StoredSealingKeys,
  times: SealingKeyTimes,
): Decision<SealingKeyStep, UsableSealingKeys> {
  if (entries === undefined) return { step: { kind: 'make sealing key' } };
  refuseBrokenKeys(entries);
  const sinceMs = Date.parse(since ?? '');
  if (Number.isNaN(sinceMs)) return { step: { kind: 'date sealing key' } };
  const kind = decideRotation(entries, times.nowMs - sinceMs, times);
  if (kind !== undefined) return { step: { kind } };
  const keys = names.flatMap((name) => entries[name] ?? []);
  return { settled: { keys, since: new Date(sinceMs) } };
}

function decideRotation(
  entries: Entries,
  ageMs: number,
  { nextSeenForMs, rotationMs, overlapMs, publicationMs }: SealingKeyTimes,
): SealingKeyStep['kind'] | undefined {
  if (entries['previous'] !== undefined) {
    return ageMs >= overlapMs ? 'retire former sealing key' : undefined;
  }
  if (entries['next'] !== undefined) {
    return nextSeenForMs >= publicationMs ? 'use next sealing key' : undefined;
  }
  return ageMs >= rotationMs ? 'publish next sealing key' : undefined;
}

function refuseBrokenKeys(entries: Entries): void {
  const isBroken = (name: string) => entries[name] !== undefined && !isSealingKey(entries[name]);
  const broken = entries['key'] === undefined ? 'key' : names.find(isBroken);
  if (broken === undefined) return;
  throw new ProviderError(
    'internal_error',
    `the entry ${broken} of the Secret with the sealing key is missing or no base64 text of at least 16 characters: ` +
      'delete the Secret, and the provider makes another',
  );
}
