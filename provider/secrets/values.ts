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
  /** All keys that are given out, and their values, as the text of a JSON object; as `find` where it has no keys. */
  readonly findAll: () => SecretValue | undefined;
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
    findAll: () =>
      writeAll([...members].map(([key, at]) => ({ key, value: () => writeText(json, at) }))),
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

type Member = { readonly key: string; readonly value: () => string };

/** Names of ours left out. */
function writeAll(members: readonly Member[]): SecretValue {
  const given = members.filter(({ key }) => !key.startsWith(RESERVED_PREFIX));
  return new SecretValue(
    JSON.stringify(Object.fromEntries(given.map(({ key, value }) => [key, value()]))),
  );
}

/** Parameters of one path; the key is the last element of the name. */
export function parseParameters(parameters: readonly Parameter[]): SecretContent {
  const byKey = Map.groupBy(parameters, ({ name }) => name.slice(name.lastIndexOf('/') + 1));
  const shape = { kind: 'parameters', count: parameters.length } as const;
  const find = (key: string) => {
    const found = byKey.get(key) ?? [];
    if (found.length > 1) throw ambiguous(key, found);
    return found[0]?.value;
  };
  return {
    allowLists: (byKey.get(ALLOW_LIST) ?? []).map(({ value }) => value),
    explainMissing: (keys) => explainMissing(shape, keys),
    findAll: () =>
      writeAll([...byKey.keys()].map((key) => ({ key, value: () => find(key) ?? '' }))),
    find: unlessReserved(({ text: key }) => {
      const value = key === WHOLE ? undefined : find(key);
      return value === undefined ? undefined : new SecretValue(value);
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
  references: readonly Pick<Reference, 'text' | 'key' | 'prefix'>[],
): SelectedValues {
  const values = new Map<string, SecretValue>();
  const missing: string[] = [];
  const missingKeys: string[] = [];
  let bytes = 0;
  let all: SecretValue | undefined;
  for (const { text, key, prefix } of references) {
    const value = prefix === undefined ? content.find(key) : (all ??= content.findAll());
    if (value === undefined) {
      missing.push(text);
      // What has no keys at all is explained as for a key that it lacks.
      missingKeys.push(prefix === undefined ? key.text : '');
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
    findAll: () => undefined,
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
