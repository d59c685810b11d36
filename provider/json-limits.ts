// Decides, before a JSON text from outside is parsed, whether it is worth it: each value in it costs many times its length in time
// and memory, and each level of nesting more than a value.

export type JsonLimits = {
  /** Of all kinds, lists and objects among them; of an empty one as if it held one. */
  readonly values: number;
  /** Lists and objects in each other. */
  readonly depth: number;
};

/** Of what a request brings. */
export type BodyLimits = JsonLimits & {
  /** For who sends more. */
  readonly legal: string;
};

export type JsonExcess = keyof JsonLimits;

/** What the text has too much of. It need not be JSON; what stands within its texts does not count. */
export function findJsonExcess(text: string, limits: JsonLimits): JsonExcess | undefined {
  return mayExceed(text, limits) ? findExcess(text, limits) : undefined;
}

/** From above, as marks within texts count too: by indexOf, which looks at a megabyte in the time of a step of ours. */
function mayExceed(text: string, { values, depth }: JsonLimits): boolean {
  const opened = count(text, '{', depth) + count(text, '[', depth);
  if (opened > depth || opened >= values) return true;
  return opened + count(text, ',', values) >= values;
}

/** Of the mark, until there are more than `most`. */
function count(text: string, mark: string, most: number): number {
  let found = 0;
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) {
    found += 1;
    if (found > most) break;
  }
  return found;
}

function findExcess(text: string, limits: JsonLimits): JsonExcess | undefined {
  let values = 1;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '"':
        at = endOfString(text, at);
        break;
      case '{':
      case '[':
        depth += 1;
        values += 1;
        break;
      case '}':
      case ']':
        depth -= 1;
        break;
      case ',':
        values += 1;
        break;
      default:
    }
    if (values > limits.values) return 'values';
    if (depth > limits.depth) return 'depth';
  }
  return undefined;
}

/** Where the quotation mark stands that ends the JSON string which begins at `start`; the length of the text where none does. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
