// Debian as a base image, from its packages: a whole root where packages need their set-up scripts (a kind node),
// or no more than the files of a few libraries (what distroless images are).

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, output } from '../../tools/run.ts';
import { step } from '../steps.ts';
import { installPackages } from './packages.ts';

const release = 'bookworm';

export type DebianImage = { readonly name: string; readonly packages: readonly string[] };

/** A bootable Debian with these packages and all that they need; returns the image's name. */
export function debianRoot(image: DebianImage, env: NodeJS.ProcessEnv): Promise<string> {
  return importOnce({ ...image, name: `debian-root-${image.name}` }, env, async (root) => {
    await installPackages('debootstrap');
    const options = ['--variant=minbase', `--include=${image.packages.join(',')}`];
    // Its mounts vanish with it, also when it is killed: nobody removes a folder with /proc in it.
    await output('unshare', ['--mount', 'debootstrap', ...options, release, root]);
    rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  });
}

/** Only the files of exactly these packages, and the user nonroot (65532); returns the image's name. */
export function debianFiles(image: DebianImage, env: NodeJS.ProcessEnv): Promise<string> {
  return importOnce({ ...image, name: `debian-files-${image.name}` }, env, async (root) => {
    const archives = mkdtempSync(join(tmpdir(), 'debian-'));
    try {
      // apt drops its rights to a user that cannot write to our folder.
      const download = ['download', '-qq', '-o', 'APT::Sandbox::User=root', ...image.packages];
      const fetched = await capture('apt-get', download, { cwd: archives });
      if (fetched.code !== 0) {
        await output('apt-get', ['update', '-qq']);
        await output('apt-get', download, { cwd: archives });
      }
      for (const archive of readdirSync(archives)) {
        await output('dpkg-deb', ['--extract', join(archives, archive), root]);
      }
    } finally {
      rmSync(archives, { recursive: true, force: true });
    }
    rmSync(join(root, 'usr/share/doc'), { recursive: true, force: true });
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(
      join(root, 'etc/passwd'),
      'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    );
    writeFileSync(join(root, 'etc/group'), 'nonroot:x:65532:\n');
  });
}

async function importOnce(
  { name, packages }: DebianImage,
  env: NodeJS.ProcessEnv,
  fill: (root: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([release, packages]));
  const image = `piggy-e2e/${name}:${hash.digest('hex').slice(0, 16)}`;
  if ((await capture('docker', ['image', 'inspect', image], { env })).code === 0) return image;
  return step(`Making the image ${name} from Debian packages`, async () => {
    const root = mkdtempSync(join(tmpdir(), 'debian-root-'));
    try {
      await fill(root);
      await output(
        'sh',
        ['-c', 'tar --create --directory "$1" . | docker import - "$2"', 'sh', root, image],
        {
          env,
        },
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    return image;
  });
}
