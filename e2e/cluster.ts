// Creates, reuses and deletes the kind cluster that the scenarios run in, and loads images into it.

import { mkdirSync } from 'node:fs';
import { symlink, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { goTool } from '../tools/go-tools.ts';
import { isOlder, kubernetesProgram, type KubernetesVersion } from '../tools/kubernetes.ts';
import { capture, output } from '../tools/run.ts';
import type { Engine } from './engine.ts';
import { nodeContainer, nodePorts } from './node.ts';
import { until } from './poll.ts';
import { say, step } from './steps.ts';

const name = 'piggy-e2e';
const folder = join(import.meta.dirname, '..', 'build', 'e2e');
/** In the node: how to reach a registry, a folder for each host. */
export const registriesFolder = '/etc/containerd/certs.d';
export const kubeconfig = join(folder, 'kubeconfig');

export type Cluster = {
  /** Leads docker to the engine and kubectl to the cluster. */
  readonly env: NodeJS.ProcessEnv;
  /** Makes images of the engine known to the node; those that it has are skipped. */
  readonly loadImages: (images: readonly string[]) => Promise<void>;
};

/** A cluster that is ready: a new one, or with `reuse` the one of the same version that an earlier run kept. */
export async function createCluster(
  engine: Engine,
  { reuse }: { reuse: boolean },
): Promise<Cluster> {
  const kind = await goTool('kind', say);
  const env = await clusterEnv(engine);
  const cluster = connect(kind, env);
  if (reuse && (await isReady(cluster, kind))) {
    const kept = await runningKubernetes(env);
    if (kept.startsWith(`v${engine.kubernetes.minor}.`)) {
      say(`Using the cluster that an earlier run kept (Kubernetes ${kept})`);
      return cluster;
    }
    say(`The cluster that an earlier run kept is of another version: Kubernetes ${kept}`);
  }
  await deleteCluster(engine);
  const nodeImage = await engine.nodeImage();
  await step(`Creating a kind cluster (Kubernetes ${engine.kubernetes.minor})`, async () => {
    const args = ['create', 'cluster', '--name', name, '--image', nodeImage];
    const config = JSON.stringify(kindConfig(engine));
    await output(kind, [...args, '--config', '-', '--wait', '180s', '--quiet'], {
      env,
      input: config,
    });
    await nodesAreReady(env);
  });
  return cluster;
}

/** Whether an earlier run left one, in whatever state. */
export async function hasCluster(engine: Pick<Engine, 'env'>): Promise<boolean> {
  const kind = await goTool('kind', say);
  const clusters = await output(kind, ['get', 'clusters', '--quiet'], { env: engine.env });
  return clusters.split('\n').includes(name);
}

/** Removes the cluster, whatever state a run left it in. */
export async function deleteCluster(engine: Pick<Engine, 'env'>): Promise<void> {
  if (!(await hasCluster(engine))) return;
  const kind = await goTool('kind', say);
  await step('Deleting the kind cluster', async () => {
    const args = ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig];
    await output(kind, args, { env: engine.env });
  });
}

function kindConfig(engine: Engine): object {
  const extraPortMappings = Object.values(nodePorts).map((containerPort) => ({
    containerPort,
    hostPort: 0,
    listenAddress: '127.0.0.1',
  }));
  return {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [{ role: 'control-plane', extraPortMappings }],
    kubeadmConfigPatches: kubeletSettings(engine.kubernetes).map((settings) =>
      JSON.stringify(settings),
    ),
    ...(engine.kind === 'offline' ? offlineConfig : {}),
  };
}

/** From 1.35 on the kubelet does not start on a machine with cgroup v1 unless it is told to; older ones do not know the setting. */
function kubeletSettings({ minor }: KubernetesVersion): object[] {
  if (isOlder(minor, '1.35')) return [];
  const kind = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };
  return [{ ...kind, failCgroupV1: false }];
}

const offlineConfig = {
  // The node image from packages brings a bridge of its own in place of kindnet.
  networking: { disableDefaultCNI: true, podSubnet: '10.244.0.0/24' },
  // kind's own node image reads the folder without being told.
  containerdConfigPatches: [
    `[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "${registriesFolder}"`,
  ],
};

async function clusterEnv(engine: Engine): Promise<NodeJS.ProcessEnv> {
  mkdirSync(folder, { recursive: true });
  const env = { ...engine.env, KUBECONFIG: kubeconfig };
  if (engine.kind === 'installed') return env;
  // One program is every Kubernetes command, by the name that it is called by.
  const programs = join(folder, 'bin');
  mkdirSync(programs, { recursive: true });
  await rm(join(programs, 'kubectl'), { force: true });
  await symlink(await kubernetesProgram(engine.kubernetes, say), join(programs, 'kubectl'));
  return { ...env, PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` };
}

function connect(kind: string, env: NodeJS.ProcessEnv): Cluster {
  return {
    env,
    loadImages: async (images) => {
      const built = await imageIds(images, env);
      const loaded = await loadedImages(env);
      const missing = images.filter((image) => built[image] !== loaded[image]);
      if (missing.length === 0) return;
      await step(`Loading ${missing.length} images into the cluster`, async () => {
        await output(kind, ['load', 'docker-image', '--name', name, ...missing], { env });
        const write = ['exec', '--interactive', nodeContainer, 'tee', loadedFile];
        await output('docker', write, { env, input: JSON.stringify({ ...loaded, ...built }) });
      });
    },
  };
}

/** In the node: what was loaded by which id, since not every node image can tell. */
const loadedFile = '/kind/loaded-images.json';

async function loadedImages(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const read = ['exec', nodeContainer, 'cat', loadedFile];
  const { code, stdout } = await capture('docker', read, { env });
  return code === 0 ? (JSON.parse(stdout) as Record<string, string>) : {};
}

async function imageIds(
  images: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const inspect = ['image', 'inspect', '--format', '{{.Id}}', ...images];
  const ids = (await output('docker', inspect, { env })).split('\n');
  return Object.fromEntries(images.map((image, index) => [image, ids[index] ?? '']));
}

/** What the node of a cluster runs, such as v1.37.2. */
export async function runningKubernetes(env: NodeJS.ProcessEnv): Promise<string> {
  const path = '--output=jsonpath={.items[0].status.nodeInfo.kubeletVersion}';
  return output('kubectl', ['get', 'nodes', path], { env });
}

async function isReady(cluster: Cluster, kind: string): Promise<boolean> {
  const args = ['export', 'kubeconfig', '--quiet', '--name', name];
  const exported = await capture(kind, args, { env: cluster.env });
  if (exported.code !== 0) return false;
  const answers = () => nodesAreReady(cluster.env).then(() => true);
  return until('the kept cluster answers', answers, { withinMs: 60_000 }).catch(() => false);
}

async function nodesAreReady(env: NodeJS.ProcessEnv): Promise<void> {
  const args = ['wait', 'node', '--all', '--for=condition=Ready', '--timeout=60s'];
  await output('kubectl', args, { env });
}
