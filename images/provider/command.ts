// How the image starts the provider, read from its Dockerfile, so that what is measured is what ships.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const IN_IMAGE = '/piggy/provider.mjs';

/** The arguments of Node: its flags, and the bundle in place of the image's. */
export function readNodeArguments(bundle: string): string[] {
  const dockerfile = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8');
  const entrypoint = /^ENTRYPOINT (?<json>\[.*\])$/m.exec(dockerfile)?.groups?.['json'] ?? '[]';
  const [, ...args] = JSON.parse(entrypoint) as string[];
  if (args.at(-1) !== IN_IMAGE) throw new Error(`the Dockerfile must start ${IN_IMAGE}`);
  return [...args.slice(0, -1), bundle];
}
