// Builds the images of a cluster test: what ships, from this checkout, and what it works with in the cluster.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from './command.ts';
import { buildImage, type Engine } from './engine.ts';
import { debianFiles } from './offline/debian-root.ts';
import { installPackages } from './offline/packages.ts';
import { step } from './steps.ts';

const root = join(import.meta.dirname, '..');

export const images = {
  launcher: 'piggy-e2e/launcher:checkout',
  /** A shell and the usual tools, statically linked: what most scenarios run as application. */
  busybox: 'piggy-e2e/busybox:checkout',
  /** AWS. */
  moto: 'piggy-e2e/moto:checkout',
} as const;

/** Fills the folder that an image is built from, with its Dockerfile. */
type Recipe = (folder: string, engine: Engine) => Promise<void>;

const recipes: Record<keyof typeof images, Recipe> = {
  launcher: async (folder) => {
    const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
    await output('go', [...args, '-o', join(folder, 'piggy-env'), '.'], {
      cwd: join(root, 'envlauncher'),
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    copyFileSync(join(root, 'images/launcher/Dockerfile'), join(folder, 'Dockerfile'));
  },

  busybox: async (folder, engine) => {
    const base =
      engine.kind === 'installed'
        ? 'busybox:1.36'
        : await debianFiles({ name: 'busybox', packages: ['busybox-static'] }, engine.env);
    const install = 'RUN ["/bin/busybox", "--install", "-s", "/bin"]';
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${base}\n${install}\n`);
  },

  moto: async (folder, engine) => {
    const requirements = join(root, 'provider/testing/requirements.txt');
    const version = /^moto==(.+)$/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? 'latest';
    const dockerfile =
      engine.kind === 'installed'
        ? `FROM motoserver/moto:${version}\n`
        : await motoFromPackages(folder, { requirements, engine });
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  },
};

export function buildImages(engine: Engine): Promise<void> {
  return step('Building images', async () => {
    for (const [name, fill] of Object.entries(recipes) as [keyof typeof images, Recipe][]) {
      const folder = mkdtempSync(join(tmpdir(), `image-${name}-`));
      try {
        await fill(folder, engine);
        await buildImage(engine, { name: images[name], folder });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  });
}

const pythonPackages =
  'libc6 libgcc-s1 libstdc++6 libbz2-1.0 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libsqlite3-0 libssl3 libuuid1 zlib1g media-types libpython3.11-minimal libpython3.11-stdlib python3.11-minimal';

async function motoFromPackages(
  folder: string,
  { requirements, engine }: { requirements: string; engine: Engine },
): Promise<string> {
  const python = { name: 'python', packages: pythonPackages.split(' ') };
  await installPackages('python3-pip');
  // For the Python of the image, whatever that of this machine is.
  const target = ['--python-version', '3.11', '--only-binary=:all:', '--no-compile'];
  const options = ['--quiet', '--no-deps', '--target', join(folder, 'moto')];
  await output('python3', ['-m', 'pip', 'install', ...options, ...target, '-r', requirements]);
  return [
    `FROM ${await debianFiles(python, engine.env)}`,
    'COPY moto /moto',
    'ENV PYTHONPATH=/moto PYTHONUNBUFFERED=1',
    'USER 65532:65532',
    'ENTRYPOINT ["/usr/bin/python3.11", "-m", "moto.server", "-H", "0.0.0.0", "-p", "5000"]',
    '',
  ].join('\n');
}
