// Reads each setting of the table from the environment, and finds the names that nobody knows.

import type { Setting } from './setting.ts';
import { type SettingValues, settings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export function parseEnvironment(env: Environment): {
  readonly values: SettingValues;
  readonly mistakes: readonly string[];
} {
  const values: Record<string, unknown> = {};
  const mistakes = unknownNames(env);
  for (const [name, setting] of Object.entries<Setting<unknown>>(settings)) {
    const text = isServiceLink(name, env[name]) ? '' : (env[name] ?? '').trim();
    try {
      values[name] = parseSetting(setting, text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      mistakes.push(`${name} ${error.message}; it is ${JSON.stringify(withoutPassword(text))}`);
    }
  }
  // The table is the proof: each name was parsed by its own kind, or is among the mistakes.
  return { values: values as SettingValues, mistakes };
}

/** URLs may have one before their host. */
function withoutPassword(text: string): string {
  return text.replace(/^(?:.*:\/\/)?[^@]*@/, '…@').slice(0, 100);
}

function parseSetting(setting: Setting<unknown>, text: string): unknown {
  const chosen = text === '' ? setting.fallback : text;
  return chosen === undefined ? undefined : setting.kind.parse(chosen);
}

function unknownNames(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('PIGGY_') && !Object.hasOwn(settings, name))
    .filter((name) => !isServiceLink(name, env[name]))
    .map((name) => `${name} is not a setting; ${suggestion(name)}`);
}

/**
 * Kubernetes sets variables for each Service of the namespace (`enableServiceLinks`): for the Service `piggy-launch`
 * PIGGY_LAUNCH_SERVICE_HOST, PIGGY_LAUNCH_PORT=tcp://10.0.0.1:8443, PIGGY_LAUNCH_PORT_8443_TCP_ADDR and so on.
 */
function isServiceLink(name: string, value = ''): boolean {
  if (/^PIGGY_(?:\w+_)?SERVICE_(?:HOST|PORT(?:_\w+)?)$/.test(name)) return true;
  if (/^PIGGY_(?:\w+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)) return true;
  return /^PIGGY_(?:\w+_)?PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(value);
}

function suggestion(name: string): string {
  const [nearest] = Object.keys(settings)
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance);
  return nearest ? `did you mean ${nearest.known}?` : 'remove it or see docs/configuration.md';
}

/** Levenshtein's, for names of a few dozen characters. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, char] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (char === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}
