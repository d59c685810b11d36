// `npm run e2e [-- --keep] [--only <scenario>]…`: a real Kubernetes, Kyverno and Piggy in it, and every promise tried.
// `npm run e2e -- --remove` ends what `--keep` left.

import { parseArgs } from 'node:util';
import { findEngine } from './engine.ts';
import { lockCluster } from './lock.ts';
import { prepareCluster, removeCluster, removeClusterOnSignal } from './prepare-cluster.ts';
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
// A kept cluster may stand half way: the next run puts right what this one took apart.
if (!options.keep) removeClusterOnSignal(engine);
try {
  process.exitCode = options.remove ? 0 : await run();
} finally {
  if (options.keep) tellHowToUse();
  else await removeCluster(engine);
}

async function run(): Promise<number> {
  await prepareCluster(engine, { reuse: options.keep });
  return runScenarios(files);
}

function tellHowToUse(): void {
  const names = ['KUBECONFIG', 'DOCKER_HOST'].filter((name) => process.env[name] !== undefined);
  say('The cluster is kept; `npm run e2e -- --remove` removes it. To look around in it:');
  for (const name of names) say(`export ${name}=${process.env[name] ?? ''}`);
}
