// Pods of scenarios: an application that tells what it was given without showing it, and what Kubernetes says of it.

import { images } from './images.ts';
import { type KubernetesObject, kubectl } from './kubectl.ts';
import { until } from './poll.ts';
import { tells } from './tells.ts';

export type ContainerStatus = {
  readonly name: string;
  readonly restartCount: number;
  readonly state: {
    readonly waiting?: { readonly reason?: string };
    readonly running?: { readonly startedAt: string };
    readonly terminated?: Ended;
  };
  readonly lastState: { readonly terminated?: Ended };
};

type Ended = { readonly exitCode: number; readonly message?: string };

export type Container = {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};

export type Pod = {
  readonly metadata: {
    readonly uid: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly { readonly name: string }[];
  };
  readonly status: {
    readonly phase?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
};

type PodOptions = {
  readonly name: string;
  readonly namespace: string;
  /** Without their prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
};

export function podOf({ name, namespace, annotations = {}, spec }: PodOptions): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, annotations: withPrefix(annotations) },
    // Nothing here has anything to finish when it is told to end.
    spec: { terminationGracePeriodSeconds: 1, ...spec },
  };
}

export function withPrefix(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`piggysec.com/${name}`, value]),
  );
}

/** A busybox container that has these references in its environment, and tells them. */
export function telling(
  name: string,
  references: Readonly<Record<string, string>>,
  end: 'goes on' | number = 'goes on',
) {
  return {
    name,
    image: images.busybox,
    command: tells(Object.keys(references), end),
    env: Object.entries(references).map(([variable, value]) => ({ name: variable, value })),
  };
}

/** What the container told: the hash of each variable. Waits for it; `previous` is the start before the last. */
export function told(
  { pod, container, namespace }: { pod: string; container: string; namespace: string },
  { previous = false } = {},
): Promise<Record<string, string>> {
  return until(`${container} of ${pod} tells its variables`, async () => {
    const args = ['logs', pod, `--container=${container}`, `--namespace=${namespace}`];
    const lines = (await kubectl([...args, ...(previous ? ['--previous'] : [])])).split('\n');
    if (!lines.includes('told')) return undefined;
    const pairs = lines.map((line) => /^(\w+) ([\da-f]{64})/.exec(line));
    return Object.fromEntries(
      pairs.flatMap((match) => (match === null ? [] : [[match[1], match[2]]])),
    ) as Record<string, string>;
  });
}

export async function readPod(name: string, namespace: string): Promise<Pod> {
  const args = ['get', 'pod', name, `--namespace=${namespace}`, '--output=json'];
  return JSON.parse(await kubectl(args)) as Pod;
}

/** Waits until this is true of the container's status, and returns it. */
export function statusOf(
  { pod, container, namespace }: { pod: string; container: string; namespace: string },
  what: string,
  isTrue: (status: ContainerStatus) => boolean,
): Promise<ContainerStatus> {
  return until(`${container} of ${pod} ${what}`, async () => {
    const { status } = await readPod(pod, namespace);
    const { initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
    return [
      ...initContainerStatuses,
      ...(status.containerStatuses ?? []),
      ...ephemeralContainerStatuses,
    ].find((found) => found.name === container && isTrue(found));
  });
}
