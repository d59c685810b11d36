// Keeps the sealing key in its Secret as decide-sealing-keys.ts wants it.

import { randomBytes } from 'node:crypto';
import type { OwnObject } from '../kubernetes/own-objects-client.ts';
import {
  decideSealingKeys,
  type SealingKeyStep,
  type SealingKeyTimes,
  type UsableSealingKeys,
} from './decide-sealing-keys.ts';
import { composeOwn, type Entries, selectOwnData } from './own-object.ts';
import { settle, type Writer } from './settle.ts';

export const SINCE_ANNOTATION = 'piggysec.com/key-since';
const KEY_BYTES = 32;

export type SealingKeyUpkeepOptions = {
  readonly writer: Writer;
  readonly secretName: string;
  readonly times: Pick<SealingKeyTimes, 'rotationMs' | 'overlapMs' | 'publicationMs'>;
  readonly now: () => number;
  /** Milliseconds that only grow, whatever happens to the clock. */
  readonly steadyNow: () => number;
};

/** One pass: the keys that verify from now on. */
export function createSealingKeyUpkeep(
  options: SealingKeyUpkeepOptions,
): () => Promise<UsableSealingKeys> {
  const { writer, secretName, times, now, steadyNow } = options;
  const place = { kind: 'Secret', name: secretName } as const;
  const observeNext = createNextObserver(steadyNow);
  return () =>
    settle<OwnObject | undefined, SealingKeyStep, UsableSealingKeys>(
      {
        read: () => writer.objects.read(place.kind, place.name),
        decide: (object) => {
          const entries = selectOwnData(object);
          const since = object?.metadata.annotations?.[SINCE_ANNOTATION];
          const nextSeenForMs = observeNext(entries?.['next']);
          return decideSealingKeys({ entries, since }, { ...times, nowMs: now(), nextSeenForMs });
        },
        compose: (step, object) => {
          const changes = changeKeys(step, selectOwnData(object) ?? {});
          const annotations = changes.isNewKey
            ? { [SINCE_ANNOTATION]: new Date(now()).toISOString() }
            : {};
          return composeOwn(place, object, { type: 'Opaque', data: changes.data, annotations });
        },
      },
      writer,
    );
}

/**
 * For how long the same next key has stood there. Each replica counts for itself, by a steady clock: no two clocks are
 * compared, and one that has just started waits as long as the others had to.
 */
function createNextObserver(steadyNow: () => number): (next: string | undefined) => number {
  let seen: { readonly next: string | undefined; readonly sinceMs: number } | undefined;
  return (next) => {
    if (seen?.next !== next) seen = { next, sinceMs: steadyNow() };
    return seen === undefined ? 0 : steadyNow() - seen.sinceMs;
  };
}

function changeKeys(
  { kind }: SealingKeyStep,
  { key = '', next = '', ...others }: Entries,
): { readonly data: Entries; readonly isNewKey: boolean } {
  switch (kind) {
    case 'make sealing key':
      return { data: { key: makeKey() }, isNewKey: true };
    case 'date sealing key':
      return { data: { ...others, key, ...(next === '' ? {} : { next }) }, isNewKey: true };
    case 'publish next sealing key':
      return { data: { ...others, key, next: makeKey() }, isNewKey: false };
    case 'use next sealing key':
      return { data: { ...others, key: next, previous: key }, isNewKey: true };
    case 'retire former sealing key': {
      const left = Object.entries(others).filter(([name]) => name !== 'previous');
      return { data: { ...Object.fromEntries(left), key }, isNewKey: false };
    }
  }
}

function makeKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}
