// Opens and seals the messages between the policy and the provider (docs/architecture.md). Nothing in them is secret; the
// MAC keeps others on the path from asking, and from changing what a container runs.

import { hash, timingSafeEqual } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import type { BodyLimits } from '../json-limits.ts';

export type SealedMessage = { readonly payload: string; readonly mac: string };

/**
 * What is parsed before the seal is verified: an object and two texts, in one of which stands all that is asked. There is room for a
 * question without a seal, whose sender is told what is missing.
 */
export const sealedMessageLimits = {
  values: 50,
  depth: 4,
  legal: 'a sealed question has two texts, "payload" and "mac", and nothing else',
} as const satisfies BodyLimits;

export type OpenedQuestion = {
  readonly payload: string;
  /** The key that verified the question; its answer is sealed with the same one. */
  readonly key: string;
};

/** Throws `unsealed_message` where no key verifies; `keys` are the current one and, during a rotation, the former one. */
export function openQuestion(message: unknown, keys: readonly string[]): OpenedQuestion {
  const { payload, mac } = parseEnvelope(message);
  // All keys are tried, so that the time taken tells nothing about them.
  const verifying = keys.filter((key) => areEqual(mac, computeMac(key, 'question', payload)));
  const [key] = verifying;
  if (key !== undefined) return { payload, key };
  throw new ProviderError(
    'unsealed_message',
    'the question is not sealed with the key of the Secret piggy-admission',
  );
}

export function sealAnswer(payload: string, key: string): SealedMessage {
  return { payload, mac: computeMac(key, 'answer', payload) };
}

/** Hashed twice, because sha256(key + message) can be extended by whoever knows it; CEL has no HMAC. */
export function computeMac(key: string, kind: 'question' | 'answer', payload: string): string {
  return sha256Hex(key + sha256Hex(key + kind + payload));
}

function parseEnvelope(message: unknown): SealedMessage {
  const isObject = typeof message === 'object' && message !== null;
  const payload = isObject && 'payload' in message ? message.payload : undefined;
  const mac = isObject && 'mac' in message ? message.mac : undefined;
  // A lone surrogate has the same UTF-8 bytes as U+FFFD, hence the same MAC as another text.
  if (typeof payload === 'string' && typeof mac === 'string' && payload.isWellFormed()) {
    return { payload, mac };
  }
  throw new ProviderError('unsealed_message', 'a sealed question has two strings, payload and mac');
}

function areEqual(mac: string, expected: string): boolean {
  const [macBytes, expectedBytes] = [Buffer.from(mac), Buffer.from(expected)];
  // How long a MAC is, everybody knows.
  return macBytes.length === expectedBytes.length && timingSafeEqual(macBytes, expectedBytes);
}

function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex');
}
