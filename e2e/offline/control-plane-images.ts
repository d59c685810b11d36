// The images that kubeadm starts a control plane from, made of programs from Go modules, by the names that it has for them.

import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesSource, type KubernetesVersion } from '../../tools/kubernetes.ts';
import { output } from '../../tools/run.ts';
import { installPackages } from './packages.ts';

/** One image has them all, and gets the name that kubeadm knows each by. */
export const controlPlane = 'registry.k8s.io/kube:1';
const controlPlanePrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'etcd',
] as const;

/** Paths of programs, of a version of Kubernetes. */
export type Programs = {
  readonly kubernetes: KubernetesVersion;
  readonly kube: string;
  readonly coredns: string;
};

/** How kubeadm calls the images of a control plane. */
export type ImageNames = {
  readonly controlPlane: readonly string[];
  readonly kubeProxy: string;
  readonly coredns: string;
  readonly pause: string;
};

export async function imageNames({ kube, kubernetes: { patch } }: Programs): Promise<ImageNames> {
  const list = ['kubeadm', 'config', 'images', 'list', `--kubernetes-version=${patch}`];
  const names = (await output(kube, list)).split('\n');
  const nameOf = (program: string): string => {
    const found = names.find((name) => name.includes(`/${program}:`));
    if (found === undefined) throw new Error(`kubeadm asks for no image of ${program}`);
    return found;
  };
  return {
    controlPlane: controlPlanePrograms.map(nameOf),
    kubeProxy: nameOf('kube-proxy'),
    coredns: nameOf('coredns'),
    pause: nameOf('pause'),
  };
}

type Build = {
  /** An empty one. */
  readonly folder: string;
  /** What kube-proxy needs beside itself. */
  readonly base: string;
  readonly env: NodeJS.ProcessEnv;
  readonly names: ImageNames;
};

/** Builds them into the folder's images.tar. */
export async function saveImages(
  { kubernetes, kube, coredns }: Programs,
  { folder, base, env, names }: Build,
): Promise<void> {
  // A whole folder of links is copied as links, a single link as the file that it leads to.
  mkdirSync(join(folder, 'bin'), { recursive: true });
  copyFileSync(kube, join(folder, 'bin/kube'));
  for (const name of [...controlPlanePrograms, 'kube-proxy']) {
    symlinkSync('kube', join(folder, 'bin', name));
  }
  copyFileSync(coredns, join(folder, 'coredns'));
  await compilePause(join(folder, 'pause'), names.pause, kubernetes);
  const dockerfiles: Record<string, string> = {
    [controlPlane]: 'FROM scratch\nCOPY bin/ /usr/local/bin/\nENV PATH=/usr/local/bin\n',
    [names.kubeProxy]: `FROM ${base}\nCOPY bin/ /usr/local/bin/\n`,
    [names.coredns]: 'FROM scratch\nCOPY coredns /coredns\nENTRYPOINT ["/coredns"]\n',
    [names.pause]: 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n',
  };
  for (const [name, dockerfile] of Object.entries(dockerfiles)) {
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    await output('docker', ['build', '--quiet', '--tag', name, folder], { env });
  }
  const save = ['save', '--output', join(folder, 'images.tar'), ...Object.keys(dockerfiles)];
  await output('docker', save, { env });
}

async function compilePause(
  program: string,
  image: string,
  kubernetes: KubernetesVersion,
): Promise<void> {
  await installPackages('gcc');
  const source = join(await kubernetesSource(kubernetes), 'build/pause/linux/pause.c');
  const version = image.slice(image.lastIndexOf(':') + 1);
  await output('gcc', ['-Os', '-static', '-s', `-DVERSION=${version}`, '-o', program, source]);
  chmodSync(program, 0o755);
}
