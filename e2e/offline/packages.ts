// Installs what an offline cluster needs from Debian's own packages.

import { existsSync } from 'node:fs';
import { output } from '../../tools/run.ts';
import { say } from '../steps.ts';

const program: Readonly<Record<string, string>> = {
  'docker.io': '/usr/sbin/dockerd',
  debootstrap: '/usr/sbin/debootstrap',
  python3: '/usr/bin/python3',
  'python3-pip': '/usr/bin/pip3',
  gcc: '/usr/bin/gcc',
};

export async function installPackages(...names: readonly (keyof typeof program)[]): Promise<void> {
  const missing = names.filter((name) => !existsSync(program[name] ?? ''));
  if (missing.length === 0) return;
  say(`Installing ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await output('apt-get', ['update', '-qq'], { env });
  await output('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
}
