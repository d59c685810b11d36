// Builds the launcher as it ships: static and stripped.

import { join } from 'node:path';
import { capture } from './run.ts';

const source = join(import.meta.dirname, '..', 'envlauncher');

/** Writes the binary `piggy-env` into `folder` and returns its path; `architecture` as Go names it, this machine's by default. */
export async function buildLauncher(folder: string, architecture?: string): Promise<string> {
  const path = join(folder, 'piggy-env');
  const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', path, '.'];
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    ...(architecture === undefined ? {} : { GOOS: 'linux', GOARCH: architecture }),
  };
  const { code, stderr } = await capture('go', args, { cwd: source, env });
  if (code !== 0) throw new Error(`go build of the launcher failed:\n${stderr}`);
  return path;
}
