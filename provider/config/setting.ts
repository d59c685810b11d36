// What the table of settings holds about one setting.

import type { ValueKind } from './value-kinds.ts';

export type Setting<T> = {
  readonly kind: ValueKind<T>;
  /** In the syntax of the environment; `undefined` where the setting may be left out without one. */
  readonly fallback: string | undefined;
  /** One line, for docs/configuration.md. */
  readonly description: string;
};

/** The type of the value that a setting is read to. */
export type ValueOf<S> = S extends Setting<infer T> ? T : never;

export function setting<T>(kind: ValueKind<T>, fallback: string, description: string): Setting<T> {
  return { kind, fallback, description };
}

export function optionalSetting<T>(
  kind: ValueKind<T>,
  description: string,
): Setting<T | undefined> {
  return { kind, fallback: undefined, description };
}
