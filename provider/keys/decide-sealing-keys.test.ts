import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideSealingKeys, type StoredSealingKeys } from './decide-sealing-keys.ts';

const MINUTE_MS = 60_000;
const now = Date.parse('2026-11-22T12:00:00Z');
const times = {
  nowMs: now,
  nextSeenForMs: 0,
  rotationMs: 30 * 24 * 60 * MINUTE_MS,
  overlapMs: 60 * MINUTE_MS,
  publicationMs: 5 * MINUTE_MS,
};
const key = 'Y2FuYXJ5LWtleS1vbmU=';
const next = 'Y2FuYXJ5LWtleS10d28=';
const previous = 'Y2FuYXJ5LWtleS1vbGQ=';

function stored(entries: Record<string, string>, ageMinutes: number): StoredSealingKeys {
  return { entries, since: new Date(now - ageMinutes * MINUTE_MS).toISOString() };
}
const month = 30 * 24 * 60;

type Case = [StoredSealingKeys, nextSeenMinutes: number, outcome: string | string[]];

const cases: Record<string, Case> = {
  'no Secret: a key is made': [{ entries: undefined, since: undefined }, 0, 'make sealing key'],
  'a key without a date is dated': [{ entries: { key }, since: undefined }, 0, 'date sealing key'],
  'a date that is none is replaced': [
    { entries: { key }, since: 'yesterday' },
    0,
    'date sealing key',
  ],
  'a young key is used': [stored({ key }, 1), 0, [key]],
  'a key from the future is used': [stored({ key }, -month), 0, [key]],
  'an old key gets a next one beside it': [stored({ key }, month), 0, 'publish next sealing key'],
  'a next key verifies before it is used': [stored({ key, next }, month), 0, [key, next]],
  'a next key that others may not have read yet waits': [
    stored({ key, next }, 2 * month),
    4.9,
    [key, next],
  ],
  'a next key that all have read takes its place': [
    stored({ key, next }, month),
    5,
    'use next sealing key',
  ],
  'a former key verifies for an hour': [stored({ key, previous }, 59), 0, [key, previous]],
  'a former key is retired after an hour': [
    stored({ key, previous }, 60),
    0,
    'retire former sealing key',
  ],
  'a former key goes before a next one is used': [
    stored({ key, next, previous }, 59),
    99,
    [key, next, previous],
  ],
  'entries of others are no keys': [stored({ key, text: 'eA==' }, 1), 0, [key]],
};

for (const [name, [found, nextSeenMinutes, outcome]] of Object.entries(cases)) {
  test(name, () => {
    const nextSeenForMs = nextSeenMinutes * MINUTE_MS;
    const decision = decideSealingKeys(found, { ...times, nextSeenForMs });
    const actual = 'step' in decision ? decision.step.kind : decision.settled.keys;
    assert.deepEqual(actual, outcome);
  });
}

const broken: Record<string, [entries: Record<string, string>, entry: string]> = {
  'no current key': [{ next }, 'key'],
  'a current key that is too short': [{ key: 'c2hvcnQ=' }, 'key'],
  'a next key that is no base64 text': [{ key, next: 'canary 0f3a, not a key at all' }, 'next'],
  'an empty former key': [{ key, previous: '' }, 'previous'],
};

for (const [name, [entries, entry]] of Object.entries(broken)) {
  test(`refuses ${name}, and does not tell it`, () => {
    assert.throws(
      () => decideSealingKeys(stored(entries, 1), times),
      ({ message }: Error) => {
        assert.match(message, new RegExp(`the entry ${entry} of the Secret.*delete the Secret`));
        return !message.includes('canary');
      },
    );
  });
}
