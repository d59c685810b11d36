// The kinds of values that a setting can have: how each is read from text, and how the documentation names it.
// A parser throws a RangeError whose message continues "NAME …": it says what the value must be.

export type ValueKind<T> = {
  /** For people, in docs/configuration.md: kind and range. */
  readonly label: string;
  readonly parse: (text: string) => T;
};

/** Exactly `true` or `false`: "yes" or "1" must never come out as either. */
export const boolean: ValueKind<boolean> = {
  label: '`true` or `false`',
  parse: (text) => {
    if (text === 'true') return true;
    if (text === 'false') return false;
    throw new RangeError('must be true or false');
  },
};

export function integer({ min, max }: { min: number; max: number }): ValueKind<number> {
  const message = `must be a whole number from ${min} to ${max}`;
  return {
    label: `integer, ${min} to ${max}`,
    parse: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      if (value >= min && value <= max) return value;
      throw new RangeError(message);
    },
  };
}

export const port = integer({ min: 0, max: 65_535 });

const unitMs = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go's duration syntax (https://pkg.go.dev/time#ParseDuration), without a sign, in milliseconds. */
export function parseDurationMs(text: string): number {
  if (text === '0') return 0;
  if (text.length > 100 || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    throw new RangeError('must be a duration such as 500ms, 15s or 1m30s');
  }
  const parts = text.matchAll(/(?<amount>[\d.]+)(?<unit>[a-zµ]+)/g);
  return [...parts].reduce((total, { groups }) => {
    const unit = groups?.['unit'] as keyof typeof unitMs;
    return total + Number(groups?.['amount']) * unitMs[unit];
  }, 0);
}

/** `min` and `max` in the same syntax. */
export function duration({ min, max }: { min: string; max: string }): ValueKind<number> {
  return {
    label: `duration, ${min} to ${max}`,
    parse: (text) => {
      const value = parseDurationMs(text);
      if (value >= parseDurationMs(min) && value <= parseDurationMs(max)) return value;
      throw new RangeError(`must be from ${min} to ${max}`);
    },
  };
}

export function matching(label: string, pattern: RegExp): ValueKind<string> {
  return accepted(label, (text) => text.length <= 2_048 && pattern.test(text));
}

export function accepted(label: string, accepts: (text: string) => boolean): ValueKind<string> {
  return {
    label,
    parse: (text) => {
      if (accepts(text)) return text;
      throw new RangeError(`must be ${withArticle(label)}`);
    },
  };
}

/** A quantity of Kubernetes (k8s.io/apimachinery/pkg/api/resource), without a sign; kept as written. */
export const quantity = matching(
  'quantity such as 10m or 64Mi',
  /^(?:\d+(?:\.\d*)?|\.\d+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/,
);

export const absolutePath = matching('absolute path', /^\/[^\0,]*$/);

export function oneOf<T extends string>(...values: readonly T[]): ValueKind<T> {
  const label = values.map((value) => `\`${value}\``).join(', ');
  return {
    label,
    parse: (text) => {
      const found = values.find((value) => value === text);
      if (found !== undefined) return found;
      throw new RangeError(`must be one of ${values.join(', ')}`);
    },
  };
}

/** Scheme and host, perhaps a port: callers append paths to the text as it is, so it has no slash at its end. */
export function url(...protocols: readonly ('http' | 'https')[]): ValueKind<string> {
  const label = `${protocols.join(' or ')} URL`;
  return {
    label,
    parse: (text) => {
      const isPlain = /^https?:\/\/[^/?#@\s]+$/.test(text) && URL.canParse(text);
      if (isPlain && protocols.some((protocol) => text.startsWith(`${protocol}://`))) return text;
      throw new RangeError(
        `must be ${withArticle(label)} without path, user and query, such as ${protocols.at(-1) ?? 'https'}://host:8443`,
      );
    },
  };
}

/** Comma-separated; blanks around the entries and empty entries do not count. */
export function listOf<T>(entry: ValueKind<T>, maxEntries = 1_000): ValueKind<readonly T[]> {
  return {
    label: `list, each: ${entry.label}`,
    parse: (text) => {
      const entries = text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
      if (entries.length > maxEntries)
        throw new RangeError(`must have at most ${maxEntries} entries`);
      return entries.map((part) => parseEntry(entry, part));
    },
  };
}

function parseEntry<T>(entry: ValueKind<T>, text: string): T {
  try {
    return entry.parse(text);
  } catch (error) {
    const reason = error instanceof RangeError ? error.message : 'cannot be read';
    throw new RangeError(`has an entry ${JSON.stringify(text)} that ${reason}`, { cause: error });
  }
}

function withArticle(label: string): string {
  return /^(?:[aeio]|http)/i.test(label) ? `an ${label}` : `a ${label}`;
}
