// Builds the launcher as it ships: static and stripped.

import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { capture } from './run.ts';

const root = join(import.meta.dirname, '..');

/** Writes the binary `piggy-env` into `folder` and returns its path; `architecture` as Go names it, this machine's by default. */
export function buildLauncher(folder: string, architecture?: string): Promise<string> {
  return build('.', join(folder, 'piggy-env'), architecture);
}

/** Fills an empty folder with what the launcher image is built from, its Dockerfile too. */
export async function fillLauncherImage(folder: string, architecture?: string): Promise<void> {
  await buildLauncher(folder, architecture);
  await build('./standalone', join(folder, 'standalone', 'piggy-env'), architecture);
  copyFileSync(join(root, 'images/launcher/Dockerfile'), join(folder, 'Dockerfile'));
}

async function build(source: string, path: string, architecture?: string): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  // HTTP/2 is not spoken, and its tables would be filled at each start.
  const flags = ['-tags', 'nethttpomithttp2', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
  const args = ['build', ...flags, '-o', path, source];
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    ...(architecture === undefined ? {} : { GOOS: 'linux', GOARCH: architecture }),
  };
  const { code, stderr } = await capture('go', args, { cwd: join(root, 'envlauncher'), env });
  if (code !== 0) throw new Error(`go build of the launcher failed:\n${stderr}`);
  return path;
}
