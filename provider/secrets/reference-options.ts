// Reads what stands behind "?" in a reference: which version, and what is done where there is no value.

import { cut, ReferenceMistake, unescapePart, type WhenMissing } from './reference-text.ts';

export type Options = {
  /** Empty where it does not stand there. */
  readonly get: (name: string) => string;
  readonly whenMissing: WhenMissing;
};

const DEFAULT = 'default=';

/** `text` is undefined where there is no "?"; `names` are those of the options with a value. */
export function parseOptions(text: string | undefined, names: readonly string[]): Options {
  const { items, otherwise } = split(text);
  const values = new Map<string, string>();
  for (const item of items) {
    const { before: name, after: value } = cut(item, '=');
    const isKnown = name === 'optional' ? value === undefined : names.includes(name);
    if (!isKnown) throw unknown(names);
    if (values.has(name)) throw new ReferenceMistake(`"${name}" stands there twice`);
    values.set(name, name === 'optional' ? '' : parseValue(name, value));
  }
  const isOptional = values.has('optional');
  if (isOptional && otherwise !== undefined) {
    throw new ReferenceMistake('optional and default exclude each other; keep one');
  }
  const whenMissing = otherwise === undefined ? 'fail' : { default: otherwise };
  return {
    get: (name) => values.get(name) ?? '',
    whenMissing: isOptional ? 'unset' : whenMissing,
  };
}

/** A default is the last option, and all that follows belongs to it as it is. */
function split(text: string | undefined) {
  const items: string[] = [];
  for (let rest = text; rest !== undefined;) {
    if (rest.startsWith(DEFAULT)) return { items, otherwise: rest.slice(DEFAULT.length) };
    const { before, after } = cut(rest, '&');
    items.push(before);
    rest = after;
  }
  return { items, otherwise: undefined };
}

function parseValue(name: string, written: string | undefined): string {
  if (written !== undefined && written !== '') return unescapePart(written);
  throw new ReferenceMistake(`"${name}" needs a value, behind "="`);
}

function unknown(names: readonly string[]): ReferenceMistake {
  const known = [...names, 'optional', 'default='].join(', ');
  return new ReferenceMistake(
    `it has an option that does not exist here (there are ${known}); a "?" that belongs to a key is %3F`,
  );
}
