// Builds the images of a cluster test from this checkout: the launcher, and an application with a shell.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from './command.ts';
import { buildImage, type Engine } from './engine.ts';
import { debianFiles } from './offline/debian-root.ts';
import { step } from './steps.ts';

const root = join(import.meta.dirname, '..');

export const images = {
  launcher: 'piggy-e2e/launcher:checkout',
  /** A shell and the usual tools, statically linked. */
  busybox: 'piggy-e2e/busybox:checkout',
} as const;

export function buildImages(engine: Engine): Promise<void> {
  return step('Building images', async () => {
    await launcherImage(engine);
    await busyboxImage(engine);
  });
}

function launcherImage(engine: Engine): Promise<void> {
  return inFolder(async (folder) => {
    const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
    await output('go', [...args, '-o', join(folder, 'piggy-env'), '.'], {
      cwd: join(root, 'envlauncher'),
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    copyFileSync(join(root, 'images/launcher/Dockerfile'), join(folder, 'Dockerfile'));
    await buildImage(engine, { name: images.launcher, folder });
  });
}

function busyboxImage(engine: Engine): Promise<void> {
  return inFolder(async (folder) => {
    const base =
      engine.kind === 'installed'
        ? 'busybox:1.36'
        : await debianFiles({ name: 'busybox', packages: ['busybox-static'] }, engine.env);
    const lines = [`FROM ${base}`, 'RUN ["/bin/busybox", "--install", "-s", "/bin"]', 'CMD ["sh"]'];
    writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
    await buildImage(engine, { name: images.busybox, folder });
  });
}

async function inFolder(build: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    await build(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
