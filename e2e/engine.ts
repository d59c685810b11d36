// Decides which Docker engine the cluster runs in: the one of this machine where it can have kind's node image,
// else one of our own with a node image from packages (offline/).

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goModuleFolder } from '../tools/go-tools.ts';
import { capture } from '../tools/run.ts';
import { canStartOfflineEngine, startOfflineEngine, stopOfflineEngine } from './offline/engine.ts';
import { buildNodeImage } from './offline/node-image.ts';
import { say } from './steps.ts';

export type Engine = {
  readonly kind: 'installed' | 'offline';
  /** Leads docker and kind to this engine. */
  readonly env: NodeJS.ProcessEnv;
  /** The name of the node image, which is built first where this engine does not have it. */
  readonly nodeImage: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

export async function findEngine(): Promise<Engine> {
  const reason = await whyOffline();
  if (reason === undefined) {
    const stop = () => Promise.resolve();
    return { kind: 'installed', env: process.env, nodeImage: kindNodeImage, stop };
  }
  say(`Using an engine and a node image from packages: ${reason}.`);
  if (!canStartOfflineEngine()) {
    throw new Error(
      `${reason}, and an engine from packages needs root on Debian: start Docker, or see why it cannot pull`,
    );
  }
  const env = await startOfflineEngine();
  return { kind: 'offline', env, nodeImage: () => buildNodeImage(env), stop: stopOfflineEngine };
}

async function whyOffline(): Promise<string | undefined> {
  if (process.env['E2E_OFFLINE'] === '1') return 'E2E_OFFLINE is 1';
  const version = await capture('docker', ['version']).catch(() => undefined);
  if (version?.code !== 0) return 'no Docker engine answers';
  const image = await kindNodeImage();
  if ((await capture('docker', ['image', 'inspect', image])).code === 0) return undefined;
  say(`Pulling ${image}`);
  const pulled = await capture('docker', ['pull', '--quiet', image]);
  return pulled.code === 0 ? undefined : `docker pull fails: ${pulled.stderr.trim()}`;
}

/** The node image that this version of kind was released with, by digest. */
async function kindNodeImage(): Promise<string> {
  const file = join(
    await goModuleFolder('kind', 'sigs.k8s.io/kind'),
    'pkg/apis/config/defaults/image.go',
  );
  const image = /const Image = "(.+)"/.exec(await readFile(file, 'utf8'))?.[1];
  if (image === undefined) throw new Error(`${file} names no node image`);
  return image;
}
