// Adds ephemeral containers to Pods as their API takes them: `kubectl debug` cannot give one every field.

import { kubectl } from './kubectl.ts';
import { statusOf } from './pods.ts';

export type EphemeralContainer = { readonly name: string; readonly image: string } & Readonly<
  Record<string, unknown>
>;

type Place = { readonly pod: string; readonly namespace: string };

/** The arguments and input of kubectl that add it. */
export async function ephemeralContainer(
  { pod, namespace }: Place,
  container: EphemeralContainer,
): Promise<[args: string[], input: string]> {
  const args = ['get', 'pod', pod, `--namespace=${namespace}`, '--output=json'];
  const { spec } = JSON.parse(await kubectl(args)) as { spec: PodSpec };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/ephemeralcontainers`;
  // Those that are there have to stay. No resource version: the kubelet may write its status in between.
  const changed = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod, namespace },
    spec: { ...spec, ephemeralContainers: [...(spec.ephemeralContainers ?? []), container] },
  };
  return [['replace', '--raw', path, '--filename', '-'], JSON.stringify(changed)];
}

type PodSpec = { readonly ephemeralContainers?: readonly object[] };

/** Runs it to its end, and returns what it said. */
export async function saidBy(place: Place, container: EphemeralContainer): Promise<string> {
  await kubectl(...(await ephemeralContainer(place, container)));
  const ended = { ...place, container: container.name };
  await statusOf(ended, 'has ended', ({ state }) => state.terminated !== undefined);
  const { pod, namespace } = place;
  return kubectl(['logs', pod, `--container=${container.name}`, `--namespace=${namespace}`]);
}
