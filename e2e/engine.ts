// Decides which Docker engine the cluster runs in: the one of this machine where it can have kind's node image,
// else one of our own with a node image from packages (offline/).

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goModuleFolder } from '../tools/go-tools.ts';
import type { KubernetesVersion } from '../tools/kubernetes.ts';
import { capture } from '../tools/run.ts';
import {
  canStartOfflineEngine,
  hasOfflineEngine,
  startOfflineEngine,
  stopOfflineEngine,
} from './offline/engine.ts';
import { buildNodeImage } from './offline/node-image.ts';
import { say } from './steps.ts';

export type Engine = {
  readonly kind: 'installed' | 'offline';
  /** Leads docker and kind to this engine. */
  readonly env: NodeJS.ProcessEnv;
  readonly kubernetes: KubernetesVersion;
  /** The name of its node image, which is built first where this engine does not have it. */
  readonly nodeImage: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

const staysAsItIs = () => Promise.resolve();

export async function findEngine(kubernetes: KubernetesVersion): Promise<Engine> {
  const reason = await whyOffline(kubernetes);
  if (reason === undefined) {
    const nodeImage = () => kindNodeImage(kubernetes);
    return { kind: 'installed', env: process.env, kubernetes, nodeImage, stop: staysAsItIs };
  }
  say(`Using an engine and a node image from packages: ${reason}.`);
  if (!canStartOfflineEngine()) {
    throw new Error(
      `${reason}, and an engine from packages needs root on Debian: start Docker, or see why it cannot pull`,
    );
  }
  const env = await startOfflineEngine();
  const nodeImage = () => buildNodeImage(kubernetes, env);
  return { kind: 'offline', env, kubernetes, nodeImage, stop: stopOfflineEngine };
}

/** Those in which a run may have left a cluster, of whatever version. */
export async function enginesOfRuns(): Promise<readonly Pick<Engine, 'env' | 'stop'>[]> {
  return [
    ...((await isInstalled()) ? [{ env: process.env, stop: staysAsItIs }] : []),
    ...(hasOfflineEngine() ? [{ env: await startOfflineEngine(), stop: stopOfflineEngine }] : []),
  ];
}

async function whyOffline(kubernetes: KubernetesVersion): Promise<string | undefined> {
  if (process.env['E2E_OFFLINE'] === '1') return 'E2E_OFFLINE is 1';
  if (!(await isInstalled())) return 'no Docker engine answers';
  const image = await kindNodeImage(kubernetes);
  if ((await capture('docker', ['image', 'inspect', image])).code === 0) return undefined;
  say(`Pulling ${image}`);
  const pulled = await capture('docker', ['pull', '--quiet', image]);
  return pulled.code === 0 ? undefined : `docker pull fails: ${pulled.stderr.trim()}`;
}

async function isInstalled(): Promise<boolean> {
  const version = await capture('docker', ['version']).catch(() => undefined);
  return version?.code === 0;
}

/** What the notes of kind's releases list, each from the last release that brought one of this minor version. */
const olderNodeImages: Readonly<Record<string, string>> = {
  '1.30': 'v1.30.13@sha256:397209b3d947d154f6641f2d0ce8d473732bd91c87d9575ade99049aa33cd648',
  '1.33': 'v1.33.12@sha256:3f5c8443c620245e4d355cfe09e96a91ead32ceaa569d3f1ca9edf0cb2fe2ff4',
  '1.34': 'v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d',
  '1.35': 'v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0',
  '1.36': 'v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed',
};

/** By digest; of the version that this kind was released with, the one that it names itself. */
async function kindNodeImage({ minor }: KubernetesVersion): Promise<string> {
  const file = join(
    await goModuleFolder('kind', 'sigs.k8s.io/kind'),
    'pkg/apis/config/defaults/image.go',
  );
  const own = /const Image = "(.+)"/.exec(await readFile(file, 'utf8'))?.[1];
  if (own?.startsWith(`kindest/node:v${minor}.`) === true) return own;
  const older = olderNodeImages[minor];
  if (older !== undefined) return `kindest/node:${older}`;
  throw new Error(`no node image of Kubernetes ${minor} is named in ${file} or e2e/engine.ts`);
}
