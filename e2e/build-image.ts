// Builds an image from a folder that a recipe fills, and not again while what it is made from stays the same.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, output } from '../tools/run.ts';

export type ImageRecipe = {
  /** `repository:tag`; it names the newest that was built. */
  readonly name: string;
  /** What the image is made from; without it, it is built every time. */
  readonly inputs?: readonly string[];
  readonly args?: Readonly<Record<string, string>>;
  /** Puts a Dockerfile and what it copies into an empty folder. */
  readonly fill: (folder: string) => void | Promise<void>;
};

const label = 'piggysec.com/e2e-inputs';

/** Returns the image's name. */
export async function buildImage(
  { name, inputs, args = {}, fill }: ImageRecipe,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const hash = createHash('sha256')
    .update(JSON.stringify(inputs ?? null))
    .digest('hex');
  const format = `{{index .Config.Labels "${label}"}}`;
  const present = await capture('docker', ['image', 'inspect', '--format', format, name], { env });
  if (inputs !== undefined && present.stdout.trim() === hash) return name;
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    await fill(folder);
    const options = ['--quiet', '--label', `${label}=${hash}`, '--tag', name];
    const buildArgs = Object.entries(args).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ]);
    await output('docker', ['build', ...options, ...buildArgs, folder], { env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return name;
}
