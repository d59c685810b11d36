// Reads the JSON objects that registries send, which anybody may have written.

import { ProviderError } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** `name` says in the error what was expected. */
export function parseJsonObject(bytes: Uint8Array, name: string): JsonObject {
  try {
    return readObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), name);
  } catch (cause) {
    if (cause instanceof ProviderError) throw cause;
    throw new ProviderError(
      'image_unreadable',
      `its ${name} is not JSON; push it again or set command`,
      { cause },
    );
  }
}

export function readObject(value: unknown, name: string): JsonObject {
  if (isObject(value)) return value;
  throw new ProviderError(
    'image_unreadable',
    `its ${name} is malformed; push it again or set command`,
  );
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
