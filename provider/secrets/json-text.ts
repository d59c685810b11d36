// Reads JSON as the text that it is: a JavaScript number would round 1e400 and 64-bit integers, and a JavaScript object would know
// keys, such as __proto__, that nobody wrote. A part of it is a slice of the text, so that asking for a part costs as good as nothing,
// however large it is and however often it is asked for.

import { endOfString } from '../json-limits.ts';

export type JsonText = {
  /** Without blanks between its tokens. */
  readonly text: string;
  /** Where each token begins, and where the last one ends. */
  readonly starts: readonly number[];
  /** Of each token the last one of its value: a bracket's partner, or the token itself. */
  readonly ends: readonly number[];
  /** Objects read so far, by where they begin: one is read once, however much is asked of it. */
  readonly objects: Map<number, ReadonlyMap<string, number>>;
  /** Arrays alike. */
  readonly arrays: Map<number, readonly number[]>;
};

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

/** `json` is valid JSON, so its tokens need no more checking. */
export function readJsonText(json: string): JsonText {
  const text = withoutBlanks(json);
  const starts: number[] = [];
  const ends: number[] = [];
  const open: number[] = [];
  for (let at = 0; at < text.length; at = endOfToken(text, at)) {
    const code = text.charCodeAt(at);
    const token = starts.push(at) - 1;
    ends.push(token);
    if (isOpening(code)) open.push(token);
    if (isClosing(code)) ends[open.pop() ?? token] = token;
  }
  starts.push(text.length);
  return { text, starts, ends, objects: new Map(), arrays: new Map() };
}

/** Where the value of each key of the object at `start` begins. Of a key that comes twice the last one counts. */
export function readMembers(json: JsonText, start: number): ReadonlyMap<string, number> {
  const known = json.objects.get(start);
  if (known !== undefined) return known;
  const members = new Map<string, number>();
  const end = json.ends[start] ?? start;
  // Tokens of a member: key, colon, value, and a comma or the end of the object.
  for (let at = start + 1; at < end;) {
    const value = at + 2;
    members.set(parseString(textBetween(json, at, at)), value);
    at = (json.ends[value] ?? end) + 2;
  }
  json.objects.set(start, members);
  return members;
}

/** Where the elements of the array at `start` begin. */
function readElements(json: JsonText, start: number): readonly number[] {
  const known = json.arrays.get(start);
  if (known !== undefined) return known;
  const elements: number[] = [];
  const end = json.ends[start] ?? start;
  // Behind an element stands a comma, or the end of the array.
  for (let at = start + 1; at < end; at = (json.ends[at] ?? end) + 2) elements.push(at);
  json.arrays.set(start, elements);
  return elements;
}

/** By keys of objects and, from 0 on, positions in arrays. */
export function findNested(json: JsonText, path: readonly string[]): number | undefined {
  let at: number | undefined = 0;
  for (const key of path) {
    if (at === undefined) return undefined;
    at = findPart(json, at, key);
  }
  return at;
}

const POSITION = /^(?:0|[1-9][0-9]{0,8})$/;

function findPart(json: JsonText, start: number, key: string): number | undefined {
  switch (json.text.charAt(json.starts[start] ?? 0)) {
    case '{':
      return readMembers(json, start).get(key);
    case '[':
      return POSITION.test(key) ? readElements(json, start)[Number(key)] : undefined;
    default:
      return undefined;
  }
}

/** What a container's environment shows of the value at `start`. */
export function writeText(json: JsonText, start: number): string {
  const text = textBetween(json, start, json.ends[start] ?? start);
  if (text === 'null') return '';
  return text.startsWith('"') ? parseString(text) : text;
}

function textBetween({ text, starts }: JsonText, first: number, last: number): string {
  return text.slice(starts[first], starts[last + 1]);
}

/** `token` is a valid JSON string. */
function parseString(token: string): string {
  return token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
}

function withoutBlanks(json: string): string {
  if (!/[ \t\r\n]/.test(json)) return json;
  return json.replaceAll(/("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+/g, '$1');
}

/** Of the token that begins at `start`. */
function endOfToken(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return endOfString(text, start) + 1;
  let at = start + 1;
  if (isPunctuation(code)) return at;
  while (at < text.length && !isPunctuation(text.charCodeAt(at))) at += 1;
  return at;
}

function isPunctuation(code: number): boolean {
  return code === COMMA || code === COLON || isOpening(code) || isClosing(code);
}

function isOpening(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

function isClosing(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}
