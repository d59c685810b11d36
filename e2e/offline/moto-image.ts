// moto, which behaves as AWS does, as an image: Debian's Python and the packages that the unit tests use too.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageRecipe } from '../build-image.ts';
import { output } from '../../tools/run.ts';
import { debianFiles } from './debian-root.ts';
import { installPackages } from './packages.ts';

const pythonPackages =
  'libc6 libgcc-s1 libstdc++6 libbz2-1.0 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libsqlite3-0 libssl3 libuuid1 zlib1g media-types libpython3.11-minimal libpython3.11-stdlib python3.11-minimal';

type Options = {
  readonly requirements: string;
  readonly pins: string;
  readonly env: NodeJS.ProcessEnv;
};

export async function motoFromPackages(
  name: string,
  { requirements, pins, env }: Options,
): Promise<ImageRecipe> {
  const base = await debianFiles({ name: 'python', packages: pythonPackages.split(' ') }, env);
  const dockerfile = [
    `FROM ${base}`,
    'COPY moto /moto',
    'ENV PYTHONPATH=/moto PYTHONUNBUFFERED=1',
    'USER 65532:65532',
    'ENTRYPOINT ["/usr/bin/python3.11", "-m", "moto.server", "-H", "0.0.0.0", "-p", "5000"]',
    '',
  ].join('\n');
  return {
    name,
    inputs: [dockerfile, pins],
    fill: async (folder) => {
      await installPackages('python3-pip');
      // For the Python of the image, whatever that of this machine is.
      const target = ['--python-version', '3.11', '--only-binary=:all:', '--no-compile'];
      const options = ['--quiet', '--no-deps', '--target', join(folder, 'moto')];
      const pip = ['-m', 'pip', 'install', ...options, ...target, '-r', requirements];
      await output('python3', pip);
      writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    },
  };
}
