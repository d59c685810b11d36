// The golden Pods of cases/, for the tests of both engines.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Pod } from '../../tools/kyverno-cli.ts';

export const goldenFolder = join(import.meta.dirname, '../cases');
export const goldenNames = readdirSync(goldenFolder);

/** Texts; empty where there is no such file. */
export type Golden = { readonly 'mutated.yaml': string; readonly 'refusal.txt': string };

export function readGolden(name: string): Golden {
  return {
    'mutated.yaml': read(name, 'mutated.yaml', ''),
    'refusal.txt': read(name, 'refusal.txt', ''),
  };
}

export function podOf(name: string): Pod {
  return parse(read(name, 'pod.yaml', '')) as Pod;
}

/** YAML of the settings that a case changes. */
export function settingsOf(name: string): string {
  return read(name, 'settings.yaml', '{}');
}

function read(name: string, file: string, otherwise: string): string {
  const path = join(goldenFolder, name, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : otherwise;
}
