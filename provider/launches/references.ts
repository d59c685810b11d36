// Reads from a container's env in the Pod's spec which references its launcher can find there.

import type { EnvEntry } from '../kubernetes/pods.ts';
import { expandVariables } from './signature.ts';

export const REFERENCE_PREFIX = 'piggy:';

export type WrittenReferences = {
  /** What stands after `piggy:`. */
  readonly keys: ReadonlySet<string>;
  /** Whether there can be no others: the spec shows all that a reference may be made of. */
  readonly isComplete: boolean;
};

// What the kubelet puts into a text, where it is not known here or is a secret. No environment can hold a NUL or is
// written with this letter.
const UNKNOWN = '\0';
const SECRET = '\u0001';

/** The kernel starts no program with a longer variable. Variables in variables would double without end. */
const MAX_TEXT = 131_072;

/** Evaluates the variables in their order, as the kubelet does. */
export function readReferences(env: readonly EnvEntry[]): WrittenReferences {
  const mark = env.find(({ name }) => name === 'PIGGY_MARK')?.value ?? '';
  const known = new Map<string, string>();
  const keys = new Set<string>();
  let isComplete = true;
  for (const { name, value, mayHoldReference } of env) {
    isComplete &&= !mayHoldReference;
    if (value === undefined) {
      known.set(name, UNKNOWN);
      continue;
    }
    const text = expand(withoutMarks(value, mark), known);
    isComplete &&= !mayBecomeReference(text);
    const key = keyOf(text);
    if (key !== undefined) keys.add(key);
    known.set(name, key === undefined ? text : SECRET);
  }
  return { keys, isComplete };
}

/** What all keys of are asked for: the list that admission wrote, which no kubelet has read yet. */
export function readAllKeys(env: readonly EnvEntry[]): ReadonlySet<string> {
  const list = env.find(({ name }) => name === 'PIGGY_ENV_FROM')?.value ?? '';
  return new Set(listAllKeys(list.replaceAll('$$', '$')));
}

/** As a launcher asks for them, in the order of the list. */
export function listAllKeys(list: string): readonly string[] {
  const sources = list.split(',').map((source) => source.trim());
  return sources.filter((source) => source !== '').map((source) => `all:${source}`);
}

/** What no program can be started with is no reference, and becomes none. */
function expand(text: string, known: ReadonlyMap<string, string>): string {
  let room = MAX_TEXT;
  const get = (name: string) => {
    const value = known.get(name) ?? UNKNOWN;
    room -= value.length;
    return room < 0 ? '' : value;
  };
  const expanded = expandVariables(text, { get });
  return room < 0 ? SECRET : expanded;
}

/** What the author wrote: the marks of the policy inject-secrets are taken out. */
function withoutMarks(value: string, mark: string): string {
  if (mark === '') return value;
  return value
    .replaceAll(`<${mark}>`, '')
    .replaceAll(`</${mark}>`, '')
    .replaceAll(`<${mark}/>`, '$$$$');
}

function mayBecomeReference(text: string): boolean {
  const [head = '', ...rest] = text.split(UNKNOWN);
  if (rest.length === 0) return false;
  return head.startsWith(REFERENCE_PREFIX) || REFERENCE_PREFIX.startsWith(head);
}

/** Of a value that is a reference as the launcher reads it: line breaks at its end do not count. */
function keyOf(text: string): string | undefined {
  const isReference = text.startsWith(REFERENCE_PREFIX);
  if (!isReference || text.includes(SECRET) || text.includes(UNKNOWN)) return undefined;
  return withoutLineBreaksAtEnd(text.slice(REFERENCE_PREFIX.length));
}

/** By hand: a regular expression would look at line breaks in the middle of a text again from each of them. */
function withoutLineBreaksAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end -= 1;
  return text.slice(0, end);
}
