// Decides which values a secret holds and under which key each of them is asked for (docs/annotations.md).

import { ProviderError } from '../errors.ts';
import { findNested, readJsonText, readMembers, writeText } from './json-text.ts';
import {
  classifyText,
  explainMissing,
  RESERVED_PREFIX,
  WHOLE,
  type SecretShape,
} from './missing-keys.ts';
import type { Reference, SecretKey } from './reference.ts';
import { SecretValue } from './secret-value.ts';

export type SecretContent = {
  /** What the secret says about who may read it; of several, each must allow. */
  readonly allowLists: readonly string[];
  /** `undefined` where it has no such key. Throws `ambiguous_parameter`. */
  readonly find: (key: SecretKey) => SecretValue | undefined;
  /** Tells nothing of the content. */
  readonly explainMissing: (keys: readonly string[]) => string;
};

export type Parameter = { readonly name: string; readonly value: string };

/** By the text of the references. */
export type SelectedValues = {
  readonly values: ReadonlyMap<string, SecretValue>;
  readonly missing: readonly string[];
  /** Why, and what to do; `undefined` where nothing is missing. */
  readonly hint?: string;
};

export const ALLOW_LIST = 'PIGGY_ALLOWED_SA';
const BYTE_ORDER_MARK = '\uFEFF';

/** SecretString of Secrets Manager. All of it is one value, as it is; a JSON object has others besides. */
export function parseSecretString(text: string): SecretContent {
  // Editors put it there, and nobody sees it; JSON does not have it.
  const read = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  if (!isObject(parseJson(read)))
    return wholeContent(text, () => classifyText(read, parseJson(read)));
  const json = readJsonText(read);
  const members = readMembers(json, 0);
  const allowList = members.get(ALLOW_LIST);
  const shape = { kind: 'object', count: members.size } as const;
  return {
    allowLists: allowList === undefined ? [] : [writeText(json, allowList)],
    explainMissing: (keys) => explainMissing(shape, keys),
    find: unlessReserved(({ text: key, path }) => {
      if (key === WHOLE) return new SecretValue(text);
      const at = members.get(key) ?? findNested(json, path ?? key.split('.'));
      return at === undefined ? undefined : new SecretValue(writeText(json, at));
    }),
  };
}

/** SecretBinary of Secrets Manager: one value, base64-encoded. */
export function parseSecretBinary(bytes: Uint8Array): SecretContent {
  return wholeContent(Buffer.from(bytes).toString('base64'), () => ({ kind: 'binary' }));
}

/** Parameters of one path; the key is the last element of the name. */
export function parseParameters(parameters: readonly Parameter[]): SecretContent {
  const byKey = Map.groupBy(parameters, ({ name }) => name.slice(name.lastIndexOf('/') + 1));
  const shape = { kind: 'parameters', count: parameters.length } as const;
  return {
    allowLists: (byKey.get(ALLOW_LIST) ?? []).map(({ value }) => value),
    explainMissing: (keys) => explainMissing(shape, keys),
    find: unlessReserved(({ text: key }) => {
      const [parameter, ...others] = byKey.get(key) ?? [];
      if (parameter === undefined || key === WHOLE) return undefined;
      if (others.length > 0) throw ambiguous(key, [parameter, ...others]);
      return new SecretValue(parameter.value);
    }),
  };
}

/**
 * Of all values that one container is given. The kernel takes no more than 128 KiB for one variable and, with the usual stack, 2 MiB for
 * all of them and the arguments. Escaped as JSON they can be six times that, which the launcher still reads.
 */
export const MAX_VALUE_BYTES = 1_048_576;

/** Throws `values_too_large` as soon as they are: nested references can ask for the same text hundreds of times. */
export function selectValues(
  content: SecretContent,
  references: readonly Pick<Reference, 'text' | 'key'>[],
): SelectedValues {
  const values = new Map<string, SecretValue>();
  const missing: string[] = [];
  const missingKeys: string[] = [];
  let bytes = 0;
  for (const { text, key } of references) {
    const value = content.find(key);
    if (value === undefined) {
      missing.push(text);
      missingKeys.push(key.text);
    } else values.set(text, value);
    bytes += value?.byteLength() ?? 0;
    if (bytes > MAX_VALUE_BYTES) throw tooLarge(bytes, values.size, references.length);
  }
  if (missing.length === 0) return { values, missing };
  return { values, missing, hint: content.explainMissing(missingKeys) };
}

/** Of several sources, each within the bound. Throws `values_too_large`. */
export function limitValues(values: ReadonlyMap<string, SecretValue>): void {
  let bytes = 0;
  for (const value of values.values()) bytes += value.byteLength();
  if (bytes > MAX_VALUE_BYTES) throw tooLarge(bytes, values.size, values.size);
}

function tooLarge(bytes: number, count: number, references: number): ProviderError {
  const counted =
    count === references ? `the values of ${count}` : `the values of ${count} of ${references}`;
  const advice =
    'refer to the parts that the container needs, and to none that holds others, or mount large data as a file';
  return new ProviderError(
    'values_too_large',
    `${counted} references have ${bytes} bytes together, and a container gets ${MAX_VALUE_BYTES} at most: ${advice}`,
  );
}

function wholeContent(text: string, shape: () => SecretShape): SecretContent {
  return {
    allowLists: [],
    explainMissing: (keys) => explainMissing(shape(), keys),
    find: (key) => (key.text === WHOLE ? new SecretValue(text) : undefined),
  };
}

/** Keys of ours say how a secret may be used; they are given to nobody, but within the whole of a secret. */
function unlessReserved(find: SecretContent['find']): SecretContent['find'] {
  return (key) => (key.text.startsWith(RESERVED_PREFIX) ? undefined : find(key));
}

function ambiguous(key: string, parameters: readonly Parameter[]): ProviderError {
  const names = parameters.map(({ name }) => name).join(', ');
  const advice = 'rename one, or point the parameter path deeper';
  return new ProviderError('ambiguous_parameter', `${key} is the end of ${names}: ${advice}`);
}

/** `undefined` for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error quotes the text, which is secret, so it is not passed on.
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
