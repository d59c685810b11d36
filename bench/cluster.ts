// A cluster to measure in: the one of the cluster tests, made or, where `npm run e2e -- --keep` left it, used again.

import { randomBytes } from 'node:crypto';
import { hasCluster } from '../e2e/cluster.ts';
import { findEngine } from '../e2e/engine.ts';
import { kubectl } from '../e2e/kubectl.ts';
import { lockCluster } from '../e2e/lock.ts';
import { createNamespace, deleteNamespace } from '../e2e/namespaces.ts';
import { installPiggy } from '../e2e/piggy.ts';
import { prepareCluster, removeCluster, removeClusterOnSignal } from '../e2e/prepare-cluster.ts';
import { startRegistry } from '../e2e/registry.ts';
import { step } from '../e2e/steps.ts';
import { newestKubernetes } from '../tools/kubernetes.ts';
import { type ApiServer, connectToApiServer, parseKubeconfig } from './api-server.ts';

export type BenchCluster = {
  readonly apiServer: ApiServer;
  /** Of this run alone. */
  readonly namespace: string;
  /** Its host and port, as the provider reaches it, by plain HTTP; it has every image, and all of them run /app. */
  readonly registry: string;
};

/** Leaves a cluster that was there as it is after a run of the tests, and none where there was none. */
export async function withCluster<T>(work: (cluster: BenchCluster) => Promise<T>): Promise<T> {
  await lockCluster();
  const engine = await step('Finding a Docker engine', () => findEngine(newestKubernetes()));
  const isKept = await hasCluster(engine);
  if (!isKept) removeClusterOnSignal(engine);
  try {
    await prepareCluster(engine, { reuse: true });
    const measured = withNamespace(work);
    return await (isKept ? measured.finally(installPiggy) : measured);
  } finally {
    if (!isKept) await removeCluster(engine);
  }
}

async function withNamespace<T>(work: (cluster: BenchCluster) => Promise<T>): Promise<T> {
  const namespace = `bench-${randomBytes(3).toString('hex')}`;
  await createNamespace(namespace);
  const view = ['config', 'view', '--raw', '--minify', '--output=json'];
  const apiServer = connectToApiServer(parseKubeconfig(await kubectl(view)));
  try {
    return await work({ apiServer, namespace, registry: await startRegistry(namespace) });
  } finally {
    await apiServer.close();
    await deleteNamespace(namespace);
  }
}
