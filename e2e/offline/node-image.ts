// Builds the image that a kind node runs from, without any image registry: Debian, kind's own files out of its
// module, containerd, Kubernetes as one static program, and in containerd's store the images that kubeadm asks for.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { goModuleFolder, goTool, kubernetesVersion } from '../../tools/go-tools.ts';
import { capture, output } from '../../tools/run.ts';
import { say, step } from '../steps.ts';
import { debianRoot } from './debian-root.ts';
import { installPackages } from './packages.ts';

const nodeFiles = join(import.meta.dirname, 'node');

const nodePackages =
  'systemd systemd-sysv dbus iproute2 iptables nftables conntrack ethtool socat kmod procps mount ca-certificates curl jq runc containernetworking-plugins hostname pigz e2fsprogs';
const proxyPackages = 'iptables nftables conntrack kmod';

// By the names and tags of `kubeadm config images list --kubernetes-version v1.34.4`.
const controlPlane = 'registry.k8s.io/kube:1';
const controlPlaneNames = [
  `registry.k8s.io/kube-apiserver:${kubernetesVersion}`,
  `registry.k8s.io/kube-controller-manager:${kubernetesVersion}`,
  `registry.k8s.io/kube-scheduler:${kubernetesVersion}`,
  'registry.k8s.io/etcd:3.6.5-0',
];
const programs = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'etcd',
];
const kubeProxy = `registry.k8s.io/kube-proxy:${kubernetesVersion}`;
const coredns = 'registry.k8s.io/coredns/coredns:v1.12.1';
const pause = 'registry.k8s.io/pause:3.10.1';

const repository = 'piggy-e2e/node';
const bareImage = `${repository}:bare`;
const entrypoint = ['/usr/local/bin/entrypoint', '/sbin/init'];

const containerRuntime = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const;

type Ingredients = {
  readonly kube: string;
  readonly coredns: string;
  /** Programs of containerd. */
  readonly containerd: readonly string[];
  readonly kindFiles: string;
};

/** The name of the image, built where the engine does not have it yet. */
export async function buildNodeImage(env: NodeJS.ProcessEnv): Promise<string> {
  const ingredients: Ingredients = {
    kube: await goTool('kubernetes', say),
    coredns: await goTool('coredns', say),
    containerd: await buildContainerd(),
    kindFiles: join(await goModuleFolder('kind', 'sigs.k8s.io/kind'), 'images/base/files'),
  };
  const image = `${repository}:${kubernetesVersion}-${hashOf(ingredients)}`;
  if ((await capture('docker', ['image', 'inspect', image], { env })).code === 0) return image;
  const nodeRoot = await debianRoot({ name: 'node', packages: nodePackages.split(' ') }, env);
  const proxyRoot = await debianRoot({ name: 'proxy', packages: proxyPackages.split(' ') }, env);
  return step('Building the node image', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-image-'));
    try {
      await buildWithoutImages(ingredients, { folder: join(folder, 'node'), base: nodeRoot, env });
      await saveImages(ingredients, { folder: join(folder, 'images'), base: proxyRoot, env });
      await preload(join(folder, 'images'), image, env);
      await removeOlder(image, env);
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
  const own = [...files.map((file) => join(nodeFiles, file)), import.meta.filename];
  const contents = own.map((file) => readFileSync(file, 'utf8'));
  const text = JSON.stringify([ingredients, contents]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

type Build = { readonly folder: string; readonly base: string; readonly env: NodeJS.ProcessEnv };

async function buildWithoutImages(ingredients: Ingredients, { folder, base, env }: Build) {
  cpSync(nodeFiles, folder, { recursive: true });
  copyFileSync(ingredients.kube, join(folder, 'kube'));
  mkdirSync(join(folder, 'containerd'));
  for (const path of ingredients.containerd) {
    copyFileSync(path, join(folder, 'containerd', basename(path)));
  }
  // Copied by cp: what a Go module holds is read-only, and cpSync could not write into its folders.
  await output('cp', ['-r', '--no-preserve=mode', ingredients.kindFiles, join(folder, 'kind')]);
  const args = [`BASE=${base}`, `VERSION=${kubernetesVersion}`, `PAUSE=${pause}`];
  const flags = args.flatMap((arg) => ['--build-arg', arg]);
  await output('docker', ['build', '--quiet', ...flags, '--tag', bareImage, folder], {
    env,
  });
}

async function saveImages(ingredients: Ingredients, { folder, base, env }: Build): Promise<void> {
  // A whole folder of links is copied as links, a single link as the file that it leads to.
  mkdirSync(join(folder, 'bin'), { recursive: true });
  copyFileSync(ingredients.kube, join(folder, 'bin/kube'));
  for (const name of programs) symlinkSync('kube', join(folder, 'bin', name));
  copyFileSync(ingredients.coredns, join(folder, 'coredns'));
  await compilePause(join(folder, 'pause'));
  const dockerfiles: Record<string, string> = {
    [controlPlane]: 'FROM scratch\nCOPY bin/ /usr/local/bin/\nENV PATH=/usr/local/bin\n',
    [kubeProxy]: `FROM ${base}\nCOPY bin/ /usr/local/bin/\n`,
    [coredns]: 'FROM scratch\nCOPY coredns /coredns\nENTRYPOINT ["/coredns"]\n',
    [pause]: 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n',
  };
  for (const [name, dockerfile] of Object.entries(dockerfiles)) {
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    await output('docker', ['build', '--quiet', '--tag', name, folder], { env });
  }
  const names = Object.keys(dockerfiles);
  await output('docker', ['save', '--output', join(folder, 'images.tar'), ...names], { env });
}

async function compilePause(program: string): Promise<void> {
  await installPackages('gcc');
  const source = join(
    await goModuleFolder('kubernetes', 'k8s.io/kubernetes'),
    'build/pause/linux/pause.c',
  );
  const version = pause.slice(pause.lastIndexOf(':') + 1);
  await output('gcc', ['-Os', '-static', '-s', `-DVERSION=${version}`, '-o', program, source]);
  chmodSync(program, 0o755);
}

/** Imports the images into containerd's store in a container of the bare node image, and commits that. */
async function preload(folder: string, image: string, env: NodeJS.ProcessEnv): Promise<void> {
  const docker = (...args: string[]) => output('docker', args, { env });
  const name = 'piggy-e2e-preload';
  await capture('docker', ['rm', '--force', name], { env });
  const options = ['--privileged', '--volume', `${folder}:/in:ro`, '--entrypoint', 'sh'];
  const script = ['/in/preload.sh', controlPlane, ...controlPlaneNames];
  copyFileSync(join(nodeFiles, 'preload.sh'), join(folder, 'preload.sh'));
  await docker('run', '--name', name, ...options, bareImage, ...script);
  await docker('commit', '--change', `ENTRYPOINT ${JSON.stringify(entrypoint)}`, name, image);
  await docker('rm', '--force', name);
}

/** Node images of other inputs are of no use any more, and a gigabyte each. */
async function removeOlder(image: string, env: NodeJS.ProcessEnv): Promise<void> {
  const format = '{{.Repository}}:{{.Tag}}';
  const list = await output('docker', ['image', 'ls', '--format', format, repository], { env });
  const older = list.split('\n').filter((name) => name !== image && name !== bareImage);
  if (older.length > 0) await output('docker', ['image', 'rm', ...older], { env });
}
