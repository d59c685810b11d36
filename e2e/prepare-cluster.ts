// Makes a cluster ready, with all that is tried in it: Kyverno, AWS, and Piggy with the images of this checkout.

import { installAws } from './aws.ts';
import { type Cluster, createCluster, deleteCluster, kubeconfig } from './cluster.ts';
import type { Engine } from './engine.ts';
import { printEvidence } from './evidence.ts';
import { buildImages } from './images.ts';
import { installKyverno, kyvernoImages } from './kyverno.ts';
import { putAwayLeftovers } from './leftovers.ts';
import { namespacesOfScenarios } from './namespaces.ts';
import { installPiggy } from './piggy.ts';

/** The namespaces of what is in it before a scenario runs. */
const parts = ['kyverno', 'aws', 'piggy-system'];

/** From then on kubectl and docker lead to the cluster, in the processes that this one starts too. */
export async function prepareCluster(engine: Engine, { reuse }: { reuse: boolean }): Promise<void> {
  const [cluster, built, kyverno] = await Promise.all([
    createCluster(engine, { reuse }),
    buildImages(engine),
    kyvernoImages(engine),
  ]);
  Object.assign(process.env, cluster.env);
  try {
    if (engine.kind === 'offline') await cluster.loadImages(Object.values(kyverno));
    // Kyverno needs half a minute, and waits for most of it.
    await Promise.all([installKyverno(kyverno), loadAndInstallAws(cluster, built)]);
    await putAwayLeftovers();
    await installPiggy();
  } catch (error) {
    await printEvidence(...parts);
    throw error;
  }
}

async function loadAndInstallAws(cluster: Cluster, images: readonly string[]): Promise<void> {
  await cluster.loadImages(images);
  await installAws();
}

/** And the engine, where it is one of our own. */
export async function removeCluster({ env, stop }: Pick<Engine, 'env' | 'stop'>): Promise<void> {
  await deleteCluster({ env });
  await stop();
}

/** Before this process ends by SIGINT or SIGTERM; first it prints what tells why a run that was taking too long did not go on. */
export function removeClusterOnSignal(engine: Engine): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void printEvidenceOfRun()
        .catch(console.error)
        .then(() => removeCluster(engine))
        .finally(() => process.exit(1));
    });
  }
}

async function printEvidenceOfRun(): Promise<void> {
  // Until there is a cluster of our own, kubectl leads to another.
  if (process.env['KUBECONFIG'] !== kubeconfig) return;
  await printEvidence(...parts, ...(await namespacesOfScenarios()));
}
