// `npm run e2e [-- --kubernetes 1.30] [--version-dependent] [--only <scenario>]… [--keep] [--record]`: a real Kubernetes,
// Kyverno and Piggy in it, and every promise tried. `npm run e2e -- --remove` ends what `--keep` left.

import { parseArgs } from 'node:util';
import { findKubernetes, newestKubernetes } from '../tools/kubernetes.ts';
import { runningKubernetes } from './cluster.ts';
import { type Engine, enginesOfRuns, findEngine } from './engine.ts';
import { lockCluster } from './lock.ts';
import { type Plan, planRun } from './plan-run.ts';
import { prepareCluster, removeCluster, removeClusterOnSignal } from './prepare-cluster.ts';
import { recordResult, type Result } from './results.ts';
import { runScenarios } from './run-scenarios.ts';
import { allScenarios, traitsOf } from './scenario-list.ts';
import { say, step } from './steps.ts';

const { values: options } = parseArgs({
  options: {
    kubernetes: { type: 'string' },
    'version-dependent': { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    keep: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    remove: { type: 'boolean', default: false },
  },
});

if (options.remove) await remove();
else process.exitCode = await run();

async function remove(): Promise<void> {
  await lockCluster();
  for (const engine of await enginesOfRuns()) await removeCluster(engine);
}

/** Returns the exit code. */
async function run(): Promise<number> {
  const { only, record, keep } = options;
  if (record && only.length > 0) {
    throw new Error('--record keeps what a whole run came to: leave --only out');
  }
  const kubernetes = findKubernetes(options.kubernetes ?? newestKubernetes().minor);
  const wish = { only, versionDependent: options['version-dependent'] };
  const plan = planRun({ ...wish, kubernetes: kubernetes.minor }, allScenarios(), traitsOf);
  await lockCluster();
  const engine = await step('Finding a Docker engine', () => findEngine(kubernetes));
  // A kept cluster may stand half way: the next run puts right what this one took apart.
  if (!keep) removeClusterOnSignal(engine);
  try {
    return await runIn(engine, plan);
  } finally {
    if (keep) tellHowToUse();
    else await removeCluster(engine);
  }
}

async function runIn(engine: Engine, { run, notRun }: Plan): Promise<number> {
  await prepareCluster(engine, { reuse: options.keep });
  const outcomes = await runScenarios(run);
  const result: Result = {
    kubernetes: await runningKubernetes(process.env),
    date: new Date().toISOString().slice(0, 10),
    passed: run.filter((scenario) => outcomes[scenario] === 'passed'),
    failed: run.filter((scenario) => outcomes[scenario] !== 'passed'),
    notRun,
  };
  tell(result);
  if (options.record) recordResult(engine.kubernetes.minor, result);
  return result.failed.length === 0 ? 0 : 1;
}

function tell({ kubernetes, passed, failed, notRun }: Result): void {
  say(`Kubernetes ${kubernetes}: ${passed.length} scenarios passed, ${failed.length} failed`);
  for (const scenario of failed) say(`failed: ${scenario}`);
  if (options.only.length > 0) return;
  for (const [scenario, reason] of Object.entries(notRun)) say(`not run: ${scenario} ${reason}`);
}

function tellHowToUse(): void {
  const names = ['KUBECONFIG', 'DOCKER_HOST'].filter((name) => process.env[name] !== undefined);
  say('The cluster is kept; `npm run e2e -- --remove` removes it. To look around in it:');
  for (const name of names) say(`export ${name}=${process.env[name] ?? ''}`);
}
