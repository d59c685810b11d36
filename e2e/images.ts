// Builds the images of a cluster test: what ships, from this checkout, and what it works with in the cluster.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applicationImages, applicationRecipes } from './application-images.ts';
import { buildImage, type ImageRecipe } from './build-image.ts';
import { copyImageFiles } from '../images/provider/files.ts';
import { fillLauncherImage } from '../tools/launcher.ts';
import { output } from '../tools/run.ts';
import type { Engine } from './engine.ts';
import { debianFiles } from './offline/debian-root.ts';
import { motoFromPackages } from './offline/moto-image.ts';
import { step } from './steps.ts';

const root = join(import.meta.dirname, '..');

export const images = {
  launcher: 'piggy-e2e/launcher:checkout',
  provider: 'piggy-e2e/provider:checkout',
  /** A shell and the usual tools, statically linked: what most scenarios run as application. */
  busybox: 'piggy-e2e/busybox:checkout',
  /** AWS. */
  moto: 'piggy-e2e/moto:checkout',
  ...applicationImages,
} as const;

/** Returns their names. */
export function buildImages(engine: Engine): Promise<string[]> {
  return step('Building images', async () => {
    const names: string[] = [];
    for (const recipe of [
      launcher,
      await provider(engine),
      await busybox(engine),
      await moto(engine),
      ...(await applicationRecipes(engine, images.busybox)),
    ]) {
      names.push(await buildImage(recipe, engine.env));
    }
    return names;
  });
}

const launcher: ImageRecipe = { name: images.launcher, fill: fillLauncherImage };

const baseOfProvider = 'libc6 libgcc-s1 libstdc++6 ca-certificates tzdata';

async function provider({ kind, env }: Engine): Promise<ImageRecipe> {
  const base =
    kind === 'installed'
      ? undefined
      : await debianFiles({ name: 'cc', packages: baseOfProvider.split(' ') }, env);
  return {
    name: images.provider,
    ...(base === undefined ? {} : { args: { BASE: base } }),
    fill: async (folder) => {
      await output(process.execPath, [join(root, 'images/provider/bundle.ts')]);
      copyImageFiles(folder);
      const node = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
      copyFileSync(node, join(folder, 'node'));
    },
  };
}

async function busybox({ kind, env }: Engine): Promise<ImageRecipe> {
  const base =
    kind === 'installed'
      ? 'busybox:1.36'
      : await debianFiles({ name: 'busybox', packages: ['busybox-static'] }, env);
  const install = kind === 'installed' ? '' : 'RUN ["/bin/busybox", "--install", "-s", "/bin"]';
  const dockerfile = `FROM ${base}\n${install}\n`;
  return {
    name: images.busybox,
    inputs: [dockerfile],
    fill: (folder) => {
      writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    },
  };
}

async function moto({ kind, env }: Engine): Promise<ImageRecipe> {
  const requirements = join(root, 'provider/testing/requirements.txt');
  const pins = readFileSync(requirements, 'utf8');
  if (kind === 'offline') return motoFromPackages(images.moto, { requirements, pins, env });
  const version = /^moto==(.+)$/m.exec(pins)?.[1] ?? 'latest';
  return {
    name: images.moto,
    inputs: [version],
    fill: (folder) => {
      writeFileSync(join(folder, 'Dockerfile'), `FROM motoserver/moto:${version}\n`);
    },
  };
}
