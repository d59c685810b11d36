// `npm run e2e [-- --keep] [--only <scenario>]…`: a real Kubernetes, Kyverno and Piggy in it, and every promise tried.
// `npm run e2e -- --remove` ends what `--keep` left.

import { parseArgs } from 'node:util';
import { installAws } from './aws.ts';
import { createCluster, deleteCluster } from './cluster.ts';
import { type Engine, findEngine } from './engine.ts';
import { printEvidence } from './evidence.ts';
import { buildImages } from './images.ts';
import { installKyverno, kyvernoImages } from './kyverno.ts';
import { lockCluster } from './lock.ts';
import { putAwayLeftovers } from './leftovers.ts';
import { installPiggy } from './piggy.ts';
import { runScenarios, selectScenarios } from './run-scenarios.ts';
import { say, step } from './steps.ts';

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    remove: { type: 'boolean', default: false },
  },
});

const files = selectScenarios(options.only);
await lockCluster();
const engine = await step('Finding a Docker engine', findEngine);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // A kept cluster may stand half way: the next run puts right what this one took apart.
    void (options.keep ? Promise.resolve() : remove(engine)).finally(() => process.exit(1));
  });
}
try {
  process.exitCode = options.remove ? 0 : await run();
} finally {
  if (options.keep) tellHowToUse();
  else await remove(engine);
}

async function run(): Promise<number> {
  const [cluster, built, kyverno] = await Promise.all([
    createCluster(engine, { reuse: options.keep }),
    buildImages(engine),
    kyvernoImages(engine),
  ]);
  // From here on kubectl and docker lead to the cluster, in the scenarios' processes too.
  Object.assign(process.env, cluster.env);
  try {
    const ofKyverno = engine.kind === 'offline' ? Object.values(kyverno) : [];
    await cluster.loadImages([...built, ...ofKyverno]);
    await installKyverno(kyverno);
    await installAws();
    await putAwayLeftovers();
    await installPiggy();
  } catch (error) {
    await printEvidence('kyverno', 'aws', 'piggy-system');
    throw error;
  }
  return runScenarios(files);
}

async function remove({ env, stop }: Engine): Promise<void> {
  await deleteCluster({ env });
  await stop();
}

function tellHowToUse(): void {
  const names = ['KUBECONFIG', 'DOCKER_HOST'].filter((name) => process.env[name] !== undefined);
  say('The cluster is kept; `npm run e2e -- --remove` removes it. To look around in it:');
  for (const name of names) say(`export ${name}=${process.env[name] ?? ''}`);
}
