// What the parts of a reference have in common: where they end, what is escaped in them, and what is said of a mistake.

/** What the launcher does where there is no value. */
export type WhenMissing = 'fail' | 'unset' | { readonly default: string };

/** Its message says what is wrong and repeats nothing of the reference. */
export class ReferenceMistake extends Error {
  override readonly name = 'ReferenceMistake';
}

/** `after` is undefined where the sign does not stand in the text. */
export function cut(
  text: string,
  sign: string,
): { readonly before: string; readonly after: string | undefined } {
  const at = text.indexOf(sign);
  if (at === -1) return { before: text, after: undefined };
  return { before: text.slice(0, at), after: text.slice(at + sign.length) };
}

/** "%" and two hexadecimal digits are a byte of UTF-8, as in a URL. */
export function unescapePart(written: string): string {
  try {
    const text = decodeURIComponent(written);
    if (!text.includes('\0')) return text;
  } catch {
    // Malformed: the sentence below says so.
  }
  throw new ReferenceMistake(
    '"%" must be followed by two hexadecimal digits that make UTF-8 without NUL; "%" itself is %25',
  );
}
