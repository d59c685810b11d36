// `npm run check`: format, lint and types of everything, and the chart; says which of them failed, after all have run.

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { forEachAtOnce } from './at-once.ts';
import { staticcheckCommand } from './go-tools.ts';
import { capture } from './run.ts';

const root = join(import.meta.dirname, '..');
const launcher = join(root, 'envlauncher');
const staticcheck = await staticcheckCommand(console.log);

type Check = readonly [name: string, cwd: string, command: string, ...args: string[]];

const checks: readonly Check[] = [
  ['prettier', root, 'prettier', '--check', '--log-level', 'warn', '.'],
  ['eslint', root, 'eslint', '--max-warnings', '0', '.'],
  ['tsc', root, 'tsc'],
  // gofmt succeeds whatever it finds, so what it lists is the failure.
  [
    'gofmt',
    launcher,
    'sh',
    '-c',
    'unformatted=$(gofmt -l .) && echo "$unformatted" && [ -z "$unformatted" ]',
  ],
  ['go vet', launcher, 'go', 'vet', './...'],
  ['staticcheck', launcher, staticcheck, './...'],
  ['chart', root, process.execPath, '--test', ...globSync('charts/*.test.ts', { cwd: root })],
];

let failures = 0;
await forEachAtOnce(checks, availableParallelism(), async ([name, cwd, command, ...args]) => {
  const { code, stdout, stderr } = await capture(command, args, { cwd });
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name}`);
  if (code !== 0) console.log(stdout + stderr);
  failures += code === 0 ? 0 : 1;
});
process.exitCode = failures === 0 ? 0 : 1;
