// Says why a secret has no value for a key, and what to do. It is shown where secrets must not be (Events, logs, the message of
// a container that ended), so it tells what kind of text the secret is and how many keys it has, and nothing of the text.

export type SecretShape =
  | { readonly kind: 'object' | 'parameters'; readonly count: number }
  | { readonly kind: 'binary' | TextKind };

type TextKind = 'empty' | 'array' | 'string' | 'almostObject' | 'lines' | 'text';

export const RESERVED_PREFIX = 'PIGGY_';
/** The reference to all of a secret. */
export const WHOLE = '.';

const WHOLE_TEXT = `use piggy:${WHOLE} for the whole text`;

const REASONS: Readonly<Record<'binary' | TextKind, string>> = {
  empty: 'it is empty: store a JSON object',
  text: `it is plain text without keys: use piggy:${WHOLE} for all of it, or store a JSON object instead`,
  lines: `it holds lines of NAME=value, which are not read as keys: store a JSON object instead, or ${WHOLE_TEXT}`,
  almostObject:
    'it begins like a JSON object but is not valid JSON (a shell may have removed the quotes, or there are single quotes, ' +
    'comments or a trailing comma): correct it, and store it from a file, as with --secret-string file://secret.json',
  array: `it is a JSON array, which has no keys: store a JSON object instead, or ${WHOLE_TEXT}`,
  string: `it is a JSON string, perhaps an object that was encoded twice: store the object itself, or ${WHOLE_TEXT}`,
  binary: `it is binary, which has no keys: use piggy:${WHOLE} for all of it in base64, or store a JSON object as text`,
};

/** One line about keys that have no value. */
export function explainMissing(shape: SecretShape, missing: readonly string[]): string {
  const reserved = missing.filter((key) => key.startsWith(RESERVED_PREFIX));
  const wholes = missing.filter((key) => key === WHOLE);
  const others = missing.length - reserved.length - wholes.length;
  return [
    ...(others > 0 ? [explainKeys(shape, others)] : []),
    ...(wholes.length > 0
      ? [
          `piggy:${WHOLE} is not for parameter paths, which have no whole: refer to their parameters one by one`,
        ]
      : []),
    ...(reserved.length > 0
      ? [`keys that begin with ${RESERVED_PREFIX} are never given out: choose another name`]
      : []),
  ].join('; ');
}

function explainKeys(shape: SecretShape, keys: number): string {
  if (!('count' in shape)) return REASONS[shape.kind];
  const { kind, count } = shape;
  if (kind === 'object') {
    const others = count === 0 ? 'no keys' : count === 1 ? '1 other key' : `${count} other keys`;
    return `it is a JSON object with ${others}: check the spelling, upper and lower case too, or add what is missing`;
  }
  const subject =
    count === 1
      ? 'the only parameter below the path does not have'
      : `none of the ${count} parameters below the path has`;
  const wanted = keys === 1 ? 'that key' : 'one of those keys';
  return `${subject} ${wanted} as the last part of its name: check spelling and path, or add what is missing`;
}

const BLANK = /^[ \t\r\n]*$/;
// In quotes too: cmd.exe leaves the single ones in place.
const OBJECT_BEGINS = /^[ \t\r\n]*(?:["'][ \t\r\n]*)?\{/;
const SKIPPED_LINE = /^[ \t\r]*(?:#|$)/;
const NAME_AND_VALUE = /^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*=/;
// One line alone may be a password, or base64 with its padding.
const ONE_NAME_AND_VALUE = /^[ \t]*(?:export[ \t]+)?[A-Z_][A-Z\d_]*=[^= \t\r]/;

/** `text` is no JSON object, and `json` what it is as JSON, if anything. */
export function classifyText(text: string, json: unknown): SecretShape {
  if (BLANK.test(text)) return { kind: 'empty' };
  if (Array.isArray(json)) return { kind: 'array' };
  if (typeof json === 'string') return { kind: 'string' };
  // A number is plain text like any other: that a password is all digits is not told.
  if (OBJECT_BEGINS.test(text) && text.includes(':')) return { kind: 'almostObject' };
  return { kind: hasNamesAndValues(text) ? 'lines' : 'text' };
}

function hasNamesAndValues(text: string): boolean {
  const lines = text.split('\n').filter((line) => !SKIPPED_LINE.test(line));
  const [first = ''] = lines;
  if (lines.length === 1) return ONE_NAME_AND_VALUE.test(first);
  return lines.length > 0 && lines.every((line) => NAME_AND_VALUE.test(line));
}
