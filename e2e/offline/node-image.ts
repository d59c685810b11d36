// Builds the image that a kind node runs from, without any image registry: Debian, kind's own files out of its
// module, containerd, Kubernetes as one static program, and in containerd's store the images that its kubeadm asks for.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { goModuleFolder, goTool } from '../../tools/go-tools.ts';
import { kubernetesProgram, type KubernetesVersion } from '../../tools/kubernetes.ts';
import { capture, output } from '../../tools/run.ts';
import { say, step } from '../steps.ts';
import {
  controlPlane,
  type ImageNames,
  imageNames,
  type Programs,
  saveImages,
} from './control-plane-images.ts';
import { debianRoot } from './debian-root.ts';

const nodeFiles = join(import.meta.dirname, 'node');

const nodePackages =
  'systemd systemd-sysv dbus iproute2 iptables nftables conntrack ethtool socat kmod procps mount ca-certificates curl jq runc containernetworking-plugins hostname pigz e2fsprogs';
const proxyPackages = 'iptables nftables conntrack kmod';

const repository = 'piggy-e2e/node';
const bareImage = `${repository}:bare`;
const entrypoint = ['/usr/local/bin/entrypoint', '/sbin/init'];

const containerRuntime = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;

type Ingredients = Programs & {
  /** Programs of containerd. */
  readonly containerd: readonly string[];
  readonly kindFiles: string;
};

/** The name of the image, built where the engine does not have it yet. */
export async function buildNodeImage(
  kubernetes: KubernetesVersion,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const ingredients: Ingredients = {
    kubernetes,
    kube: await kubernetesProgram(kubernetes, say),
    coredns: await goTool('coredns', say),
    containerd: await buildContainerd(),
    kindFiles: join(await goModuleFolder('kind', 'sigs.k8s.io/kind'), 'images/base/files'),
  };
  const image = `${repository}:${kubernetes.patch}-${hashOf(ingredients)}`;
  if ((await capture('docker', ['image', 'inspect', image], { env })).code === 0) return image;
  const nodeRoot = await debianRoot({ name: 'node', packages: nodePackages.split(' ') }, env);
  const proxyRoot = await debianRoot({ name: 'proxy', packages: proxyPackages.split(' ') }, env);
  return step('Building the node image', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-image-'));
    try {
      const names = await imageNames(ingredients);
      const node = { folder: join(folder, 'node'), base: nodeRoot, env, names };
      const images = { folder: join(folder, 'images'), base: proxyRoot, env, names };
      await buildWithoutImages(ingredients, node);
      await saveImages(ingredients, images);
      await preload(images, image);
      await removeOlder(image, kubernetes, env);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return image;
  });
}

/** One after the other: they share nearly all of what is compiled. */
async function buildContainerd(): Promise<string[]> {
  const programs: string[] = [];
  for (const name of containerRuntime) programs.push(await goTool(name, say));
  return programs;
}

/** The paths of the programs and of kind's module name their content, so they stand for it. */
function hashOf(ingredients: Ingredients): string {
  const files = globSync('*', { cwd: nodeFiles }).sort();
  const own = [
    ...files.map((file) => join(nodeFiles, file)),
    import.meta.filename,
    join(import.meta.dirname, 'control-plane-images.ts'),
  ];
  const contents = own.map((file) => readFileSync(file, 'utf8'));
  const text = JSON.stringify([ingredients, contents]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

type Build = {
  readonly folder: string;
  readonly base: string;
  readonly env: NodeJS.ProcessEnv;
  readonly names: ImageNames;
};

async function buildWithoutImages(ingredients: Ingredients, { folder, base, env, names }: Build) {
  cpSync(nodeFiles, folder, { recursive: true });
  copyFileSync(ingredients.kube, join(folder, 'kube'));
  mkdirSync(join(folder, 'containerd'));
  for (const path of ingredients.containerd) {
    copyFileSync(path, join(folder, 'containerd', basename(path)));
  }
  // Copied by cp: what a Go module holds is read-only, and cpSync could not write into its folders.
  await output('cp', ['-r', '--no-preserve=mode', ingredients.kindFiles, join(folder, 'kind')]);
  const { patch } = ingredients.kubernetes;
  const args = [`BASE=${base}`, `VERSION=${patch}`, `PAUSE=${names.pause}`];
  const flags = args.flatMap((arg) => ['--build-arg', arg]);
  await output('docker', ['build', '--quiet', ...flags, '--tag', bareImage, folder], {
    env,
  });
}

/** Imports the images into containerd's store in a container of the bare node image, and commits that. */
async function preload({ folder, env, names }: Build, image: string): Promise<void> {
  const docker = (...args: string[]) => output('docker', args, { env });
  const name = 'piggy-e2e-preload';
  await capture('docker', ['rm', '--force', name], { env });
  const options = ['--privileged', '--volume', `${folder}:/in:ro`, '--entrypoint', 'sh'];
  const script = ['/in/preload.sh', controlPlane, ...names.controlPlane];
  copyFileSync(join(nodeFiles, 'preload.sh'), join(folder, 'preload.sh'));
  await docker('run', '--name', name, ...options, bareImage, ...script);
  await docker('commit', '--change', `ENTRYPOINT ${JSON.stringify(entrypoint)}`, name, image);
  await docker('rm', '--force', name);
}

/** Node images of this minor version from other inputs are of no use any more, and a gigabyte each. */
async function removeOlder(
  image: string,
  { minor }: KubernetesVersion,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const format = '{{.Repository}}:{{.Tag}}';
  const list = await output('docker', ['image', 'ls', '--format', format, repository], { env });
  const older = list
    .split('\n')
    .filter((name) => name.startsWith(`${repository}:v${minor}.`) && name !== image);
  if (older.length > 0) await output('docker', ['image', 'rm', ...older], { env });
}
