// Decides which scenarios run, and which of them at once.

import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { show } from '../tools/run.ts';
import { step } from './steps.ts';

/** They neither change the installation nor count what it does, so they may run at once. Every other one runs alone. */
const harmless: readonly string[] = [
  'accepted-pods-stay-accepted',
  'any-image-any-security',
  'asked-again-is-refused',
  'every-kind-of-container',
  'environment-means-what-kubernetes-says',
  'every-secret-source',
  'injected-pod-stays-as-admitted',
  'secret-names-its-readers',
  'values-reach-the-application',
];
const AT_ONCE = 3;

/** The files of these, or of all where none is named. */
export function selectScenarios(only: readonly string[]): string[] {
  const all = globSync(join(import.meta.dirname, 'scenarios/*.test.ts')).sort();
  const names = all.map(nameOf);
  const unknown = [...only, ...harmless].filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  }
  return all.filter((file) => only.length === 0 || only.includes(nameOf(file)));
}

/** Returns the exit code. */
export function runScenarios(files: readonly string[]): Promise<number> {
  const isHarmless = (file: string) => harmless.includes(nameOf(file));
  const together = files.filter(isHarmless);
  const alone = files.filter((file) => !isHarmless(file));
  return step('Running scenarios', async () => {
    const codes = [await runTests(together, AT_ONCE), await runTests(alone, 1)];
    return Math.max(...codes);
  });
}

async function runTests(files: readonly string[], atOnce: number): Promise<number> {
  if (files.length === 0) return 0;
  const preload = ['--import', join(import.meta.dirname, 'end-with-run.ts')];
  const args = [...preload, '--test', `--test-concurrency=${atOnce}`, ...files];
  return show(process.execPath, args);
}

function nameOf(file: string): string {
  return basename(file, '.test.ts');
}
