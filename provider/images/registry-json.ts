// Reads the JSON objects that registries send, which anybody may have written.

import { ProviderError } from '../errors.ts';
import { findJsonExcess } from '../json-limits.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

// Manifests and configs of images have hundreds of values. A text of 4 MiB can hold millions, of which each costs many
// times its length in memory. Nothing in them nests deeper than ten.
const LIMITS = { values: 100_000, depth: 100 };

/** `name` says in the error what was expected. */
export function parseJsonObject(bytes: Uint8Array, name: string): JsonObject {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    refuseExcess(text, name);
    return readObject(JSON.parse(text), name);
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    // Without the cause: it holds the whole text.
    throw new ProviderError(
      'image_unreadable',
      `its ${name} is not JSON; push it again or set command`,
    );
  }
}

function refuseExcess(text: string, name: string): void {
  switch (findJsonExcess(text, LIMITS)) {
    case 'values':
      throw new ProviderError(
        'image_unreadable',
        `its ${name} holds more than ${LIMITS.values} values; push it again or set command`,
      );
    case 'depth':
      throw new ProviderError(
        'image_unreadable',
        `its ${name} holds more than ${LIMITS.depth} levels of lists and objects; push it again or set command`,
      );
    case undefined:
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
