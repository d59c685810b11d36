// The two builds that `--against` compares: this commit's, and that of another one, which is checked out and built beside it.

import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ProviderCommand } from '../images/provider/command.ts';
import { fillLauncherImage } from '../tools/launcher.ts';
import { output } from '../tools/run.ts';
import { type BuiltProvider, findBuiltProvider } from './provider.ts';

export type Build = {
  readonly name: string;
  readonly provider: BuiltProvider;
  readonly launcher: string;
  readonly standalone: string;
};

const root = join(import.meta.dirname, '..');

/** Into a new folder within `folder`. */
export async function buildThis(folder: string): Promise<Build> {
  const image = join(folder, 'this');
  mkdirSync(image);
  await fillLauncherImage(image);
  return { name: 'this', provider: findBuiltProvider(), ...launchersIn(image) };
}

/** `revision` as Git names it; from 8761fcd on. Throws with Git's words where there is none. */
export async function buildOther(revision: string, folder: string): Promise<Build> {
  const tree = join(folder, 'tree');
  await git('worktree', 'add', '--detach', tree, revision);
  await installPackages(tree);
  await output(process.execPath, ['images/provider/bundle.ts'], { cwd: tree });
  const image = join(folder, 'other');
  mkdirSync(image);
  const { fillLauncherImage: fill } = (await import(join(tree, 'tools/launcher.ts'))) as Tools;
  await fill(image);
  const { readProviderCommand: read } = (await import(
    join(tree, 'images/provider/command.ts')
  )) as Commands;
  const documented = readFileSync(join(tree, 'docs/configuration.md'), 'utf8');
  const knows = (setting: string) => documented.includes(setting);
  const provider = { ...read(findBundle(tree)), knows };
  return { name: revision, provider, ...launchersIn(image) };
}

export async function removeOther(folder: string): Promise<void> {
  const tree = join(folder, 'tree');
  if (existsSync(tree)) await git('worktree', 'remove', '--force', tree);
}

type Tools = { readonly fillLauncherImage: typeof fillLauncherImage };
type Commands = { readonly readProviderCommand: (bundle: string) => ProviderCommand };

function git(...args: readonly string[]): Promise<string> {
  return output('git', ['-C', root, ...args]);
}

/** Those that are here already, where they are the same. */
async function installPackages(tree: string): Promise<void> {
  const lock = (at: string) => readFileSync(join(at, 'package-lock.json'), 'utf8');
  if (lock(tree) === lock(root))
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  else await output('npm', ['ci', '--no-audit', '--no-fund'], { cwd: tree });
}

/** It was one file once. */
function findBundle(tree: string): string {
  const bundle = join(tree, 'build/provider/provider.mjs');
  return existsSync(bundle) ? bundle : join(tree, 'build/provider.mjs');
}

function launchersIn(image: string): Pick<Build, 'launcher' | 'standalone'> {
  return { launcher: join(image, 'piggy-env'), standalone: join(image, 'standalone', 'piggy-env') };
}
