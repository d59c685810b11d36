// Builds an image from a folder that a recipe fills, and not again while what it is made from stays the same.

import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, output } from '../tools/run.ts';

export type ImageRecipe = {
  /** `repository:tag`; it names the newest that was built. */
  readonly name: string;
  /** What the image is made from, where that can be told without filling the folder; else the folder's files are. */
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
  if (inputs !== undefined && (await isBuiltFrom(hashOf(inputs), name, env))) return name;
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    await fill(folder);
    const hash = hashOf(inputs ?? [JSON.stringify(args), ...filesIn(folder)]);
    if (inputs === undefined && (await isBuiltFrom(hash, name, env))) return name;
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

async function isBuiltFrom(hash: string, name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const format = `{{index .Config.Labels "${label}"}}`;
  const present = await capture('docker', ['image', 'inspect', '--format', format, name], { env });
  return present.stdout.trim() === hash;
}

function hashOf(inputs: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

/** Each file of the folder by its name and content. */
function filesIn(folder: string): string[] {
  return globSync('**/*', { cwd: folder })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => {
      const content = createHash('sha256').update(readFileSync(join(folder, name)));
      return `${name} ${content.digest('hex')}`;
    });
}
