// Reads the JSON objects that registries send, which anybody may have written.

import { ProviderError } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

// Manifests and configs of images have hundreds of values. A text of 4 MiB can hold millions, of which each costs many
// times its length in memory.
const MAX_VALUES = 100_000;
const VALUE_MARKS = [',', '{', '['].map((mark) => mark.charCodeAt(0));

/** `name` says in the error what was expected. */
export function parseJsonObject(bytes: Uint8Array, name: string): JsonObject {
  if (hasTooManyValues(bytes)) {
    throw new ProviderError(
      'image_unreadable',
      `its ${name} holds more than ${MAX_VALUES} values; push it again or set command`,
    );
  }
  return readObject(parse(bytes, name), name);
}

function parse(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Without the cause: it holds the whole text.
    throw new ProviderError(
      'image_unreadable',
      `its ${name} is not JSON; push it again or set command`,
    );
  }
}

/** An estimate from above: marks inside of texts count too. By indexOf, which looks at a megabyte in the time of a step of ours. */
function hasTooManyValues(bytes: Uint8Array): boolean {
  if (bytes.length <= MAX_VALUES) return false;
  let count = 0;
  for (const mark of VALUE_MARKS) {
    let at = bytes.indexOf(mark);
    while (at !== -1 && count <= MAX_VALUES) {
      count += 1;
      at = bytes.indexOf(mark, at + 1);
    }
  }
  return count > MAX_VALUES;
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
