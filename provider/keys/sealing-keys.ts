// Reads sealing keys from the texts of their files. The base64 text itself is the key: CEL has no base64 decoder for it.

import { ProviderError } from '../errors.ts';

/** The first is current; an empty text, such as that of a rotation that is over, is no key. Throws `internal_error`. */
export function parseSealingKeys(texts: readonly string[]): readonly string[] {
  const keys = texts.map((text) => text.trim()).filter((text) => text !== '');
  if (keys.length > 0 && keys.every(isSealingKey)) return keys;
  throw new ProviderError(
    'internal_error',
    'a file of PIGGY_ADMISSION_KEY_FILES holds no sealing key: it must be base64 text of at least 16 characters',
  );
}

export function isSealingKey(text: string): boolean {
  return /^[\w+/-]{14,}={0,2}$/.test(text);
}
