// A rolling restart of the provider while Pods start all the time: each of them is admitted and gets its values at its first
// start.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, kubectl, rolledOut } from '../kubectl.ts';
import { podOf, readPod, telling } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret } from '../secrets.ts';

// Pods that start at a time, and the least that are started in all.
const AT_A_TIME = 3;
const LEAST = 12;

const { namespace } = openScenario('restart', (namespace) =>
  createSecret(`${namespace}/default`, { DB_PASSWORD: canary() }),
);

test('Pods that start while the provider is restarted replica by replica', () =>
  underLoad('restart', async () => {
    await kubectl(['rollout', 'restart', 'deployment/piggy', '--namespace=piggy-system']);
    await rolledOut('deployment/piggy', 'piggy-system');
  }));

/** Starts Pods until the work is done, and fails where one of them was not admitted or did not start at once. */
async function underLoad(name: string, work: () => Promise<void>): Promise<void> {
  let isDone = false;
  let started = 0;
  async function startPods(): Promise<void> {
    while (!isDone || started < LEAST) {
      started += 1;
      await startPod(`${name}-${started}`);
    }
  }
  const load = Promise.all(Array.from({ length: AT_A_TIME }, startPods));
  await Promise.all([
    load,
    work().finally(() => {
      isDone = true;
    }),
  ]);
}

async function startPod(name: string): Promise<void> {
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' }, 0)];
  const spec = { containers, restartPolicy: 'Never' };
  await apply(podOf({ name, namespace, annotations: { inject: 'true' }, spec }));
  const { status } = await until(`${name} has ended`, async () => {
    const pod = await readPod(name, namespace);
    return ['Succeeded', 'Failed'].includes(pod.status.phase ?? '') ? pod : undefined;
  });
  assert.equal(status.phase, 'Succeeded', JSON.stringify(status.containerStatuses));
}
