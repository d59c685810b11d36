// A load of Pods that start all the time, three at once, while something is done to the provider.

import assert from 'node:assert/strict';
import { apply, type KubernetesObject } from './kubectl.ts';
import { readPod } from './pods.ts';
import { until } from './poll.ts';

// Pods that start at a time, and the least that are started in all.
const AT_A_TIME = 3;
const LEAST = 12;

/** Starts Pods until the work is done, and fails where one of them was not admitted or did not start at once. */
export async function underLoad(
  pod: (name: string) => KubernetesObject,
  work: () => Promise<void>,
): Promise<void> {
  let isDone = false;
  let started = 0;
  async function startPods(): Promise<void> {
    while (!isDone || started < LEAST) {
      started += 1;
      await startPod(pod(`load-${started}`));
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

/** The Pod ends by itself, and is not started again. */
async function startPod(pod: KubernetesObject): Promise<void> {
  await apply(pod);
  const { name, namespace = '' } = pod.metadata;
  const { status } = await until(`${name} has ended`, async () => {
    const present = await readPod(name, namespace);
    return ['Succeeded', 'Failed'].includes(present.status.phase ?? '') ? present : undefined;
  });
  assert.equal(status.phase, 'Succeeded', JSON.stringify(status.containerStatuses));
}
