// Decides which values a secret holds and under which key each of them is asked for (docs/annotations.md).

import { ProviderError } from '../errors.ts';
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
  const json = tokenize(read);
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
      const at = members.get(key) ?? findNested(json, path);
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

type Member = { readonly key: string; readonly value: () => string };

/** Names of ours left out. */
function writeAll(members: readonly Member[]): SecretValue {
  const given = members.filter(({ key }) => !key.startsWith(RESERVED_PREFIX));
  return new SecretValue(
    JSON.stringify(Object.fromEntries(given.map(({ key, value }) => [key, value()]))),
  );
}

export function selectValues(
  content: SecretContent,
  references: readonly Pick<Reference, 'text' | 'key' | 'prefix'>[],
): SelectedValues {
  const values = new Map<string, SecretValue>();
  const missing: string[] = [];
  const missingKeys: string[] = [];
  for (const { text, key, prefix } of references) {
    const value = prefix === undefined ? content.find(key) : content.findAll();
    if (value === undefined) {
      missing.push(text);
      // What has no keys at all is explained as for a key that it lacks.
      missingKeys.push(prefix === undefined ? key.text : '');
    } else values.set(text, value);
  }
  if (missing.length === 0) return { values, missing };
  return { values, missing, hint: content.explainMissing(missingKeys) };
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

// Values stay JSON text until they are asked for: a JavaScript number would round 1e400 and 64-bit integers, and a
// JavaScript object would know keys, such as __proto__, that nobody wrote.
type Json = {
  readonly tokens: readonly string[];
  /** Where the value ends that begins at a token: a bracket's partner, or the token itself. */
  readonly ends: readonly number[];
  /** Objects read so far, by where they begin: a secret is read once, however much is asked of it. */
  readonly objects: Map<number, ReadonlyMap<string, number>>;
};

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** `text` is valid JSON, so its tokens need no more checking. */
function tokenize(text: string): Json {
  const tokens = text.match(TOKEN) ?? [];
  const ends = tokens.map((_, index) => index);
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') open.push(index);
    if (token === '}' || token === ']') ends[open.pop() ?? index] = index;
  }
  return { tokens, ends, objects: new Map() };
}

/** Where the value of each key of the object at `start` begins. Of a key that comes twice the last one counts. */
function readMembers({ tokens, ends, objects }: Json, start: number): ReadonlyMap<string, number> {
  const known = objects.get(start);
  if (known !== undefined) return known;
  const members = new Map<string, number>();
  const end = ends[start] ?? start;
  // Tokens of a member: key, colon, value, and a comma or the end of the object.
  for (let at = start + 1; at < end;) {
    const value = at + 2;
    members.set(parseText(tokens[at]), value);
    at = (ends[value] ?? end) + 2;
  }
  objects.set(start, members);
  return members;
}

function findNested(json: Json, path: readonly string[]): number | undefined {
  let at: number | undefined = 0;
  for (const key of path) {
    if (at === undefined) return undefined;
    at = json.tokens[at] === '[' ? findElement(json, at, key) : findMember(json, at, key);
  }
  return at;
}

function findMember(json: Json, start: number, key: string): number | undefined {
  return json.tokens[start] === '{' ? readMembers(json, start).get(key) : undefined;
}

const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;

/** An array begins at `start`. */
function findElement({ tokens, ends }: Json, start: number, index: string): number | undefined {
  const end = ends[start] ?? start;
  if (!INDEX.test(index) || start + 1 === end) return undefined;
  let at = start + 1;
  for (let left = Number(index); left > 0; left -= 1) {
    // Behind the element stands a comma, or the end of the array.
    at = (ends[at] ?? end) + 2;
    if (at >= end) return undefined;
  }
  return tokens[at] === undefined ? undefined : at;
}

/** What a container's environment shows of the value at `start`. */
function writeText({ tokens, ends }: Json, start: number): string {
  const token = tokens[start];
  if (token === 'null') return '';
  if (token?.startsWith('"') === true) return parseText(token);
  return tokens.slice(start, (ends[start] ?? start) + 1).join('');
}

/** `token` is a valid JSON string. */
function parseText(token = '""'): string {
  return String(JSON.parse(token));
}
