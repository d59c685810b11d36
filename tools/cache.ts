// Where built tools are kept: outside the checkout, named by a hash of what they are made from, so that
// every checkout shares them and a change of inputs never finds a stale one.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const cacheRoot =
  process.env['PIGGY_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'piggy');

/**
 * The folder `<name>-<hash of inputs>`, made by `fill` where it does not exist yet. `fill` gets an empty
 * folder beside it, which is renamed when it is full: a build cut off half way is never mistaken for one.
 */
export async function cached(
  name: string,
  inputs: readonly string[],
  fill: (folder: string) => void | Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const folder = join(cacheRoot, `${name}-${hash}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cacheRoot, { recursive: true });
  const unfinished = mkdtempSync(join(cacheRoot, `unfinished-${name}-`));
  try {
    await fill(unfinished);
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
