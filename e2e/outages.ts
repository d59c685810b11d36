// Takes a part of the system away, and brings it back.

import { kubectl, rolledOut } from './kubectl.ts';
import { until } from './poll.ts';

export type Part = { readonly deployment: string; readonly namespace: string };

export const provider: Part = { deployment: 'piggy', namespace: 'piggy-system' };
export const kyverno: Part = { deployment: 'kyverno-admission-controller', namespace: 'kyverno' };

/** Returns when none of its Pods is left. */
export async function takeDown({ deployment, namespace }: Part): Promise<void> {
  await scale({ deployment, namespace }, 0);
  await until(`nothing of ${deployment} runs`, async () => {
    const args = ['get', 'endpointslices', `--namespace=${namespace}`, '--output=json'];
    const { items } = JSON.parse(await kubectl(args)) as { items: { endpoints?: object[] }[] };
    const pods = await kubectl(['get', 'pods', `--namespace=${namespace}`, '--output=name']);
    const isGone =
      !pods.includes(deployment) && items.every((it) => (it.endpoints ?? []).length < 1);
    return isGone ? true : undefined;
  });
}

/** Returns when all of its Pods are ready. */
export async function bringBack(part: Part, replicas: number): Promise<void> {
  await scale(part, replicas);
  await rolledOut(`deployment/${part.deployment}`, part.namespace);
}

async function scale({ deployment, namespace }: Part, replicas: number): Promise<void> {
  const args = ['scale', 'deployment', deployment, `--namespace=${namespace}`];
  await kubectl([...args, `--replicas=${replicas}`]);
}
