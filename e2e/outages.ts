// Takes a part of the system away, and brings it back.

import { kubectl, rolledOut, serviceAddress } from './kubectl.ts';
import { captureInNode } from './node.ts';
import { until } from './poll.ts';

export type Part = {
  readonly deployment: string;
  readonly namespace: string;
  /** The Service that leads to it, as name and port. */
  readonly service: readonly [string, number];
  /** What its leader holds, and does not give back when it ends. */
  readonly leases: readonly string[];
};

export const provider: Part = {
  deployment: 'piggy',
  namespace: 'piggy-system',
  service: ['piggy', 8080],
  leases: [],
};
export const kyverno: Part = {
  deployment: 'kyverno-admission-controller',
  namespace: 'kyverno',
  service: ['kyverno-svc', 443],
  leases: ['kyvernopre', 'kyverno'],
};

/**
 * Returns when none of its Pods is left and its Service refuses. The node learns of the Pods' end later than the API server:
 * until then a connection leads to an address that nobody has, and gets no answer at all.
 */
export async function takeDown(part: Part): Promise<void> {
  const { deployment, namespace, service } = part;
  await scale(part, 0);
  await until(`nothing of ${deployment} runs`, async () => {
    const pods = await kubectl(['get', 'pods', `--namespace=${namespace}`, '--output=name']);
    return pods.includes(deployment) ? undefined : true;
  });
  const [name, port] = service;
  const address = await serviceAddress(name, namespace);
  await until(`${name} refuses connections`, async () => {
    const url = `http://${address}:${port}/`;
    const curl = ['curl', '--silent', '--verbose', '--max-time', '2', url];
    const { stderr } = await captureInNode(curl);
    return stderr.includes('Connection refused') ? true : undefined;
  });
}

/** After it was taken down. Returns when all of its Pods are ready. */
export async function bringBack(part: Part, replicas: number): Promise<void> {
  // The new leader would wait 12 s for each of them to end.
  const leases = part.leases.map((lease) => `lease/${lease}`);
  const options = [`--namespace=${part.namespace}`, '--ignore-not-found'];
  if (leases.length > 0) await kubectl(['delete', ...leases, ...options]);
  await scale(part, replicas);
  await rolledOut(`deployment/${part.deployment}`, part.namespace);
}

async function scale({ deployment, namespace }: Part, replicas: number): Promise<void> {
  const args = ['scale', 'deployment', deployment, `--namespace=${namespace}`];
  await kubectl([...args, `--replicas=${replicas}`]);
}
