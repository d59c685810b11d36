// Reads of a Pod what a launch is decided by: whose it is, its containers as written, and how each of them is doing.

import type {
  V1Container,
  V1ContainerStatus,
  V1EnvVar,
  V1Pod,
  V1PodSpec,
  V1PodStatus,
} from '@kubernetes/client-node';

export type Pod = {
  readonly uid: string;
  /** By the clock of the API server. */
  readonly createdAtMs: number | undefined;
  readonly serviceAccountName: string;
  readonly isBeingDeleted: boolean;
  /** No container of it will run again. */
  readonly isFinished: boolean;
  /** Those of `initContainers` and `containers`; never ephemeral ones. */
  readonly containers: readonly PodContainer[];
};

export type PodContainer = {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly EnvEntry[];
  readonly hasEnvFrom: boolean;
  readonly state: ContainerState;
  /** The init containers before it are done, and the sidecars among them have started: Kubernetes starts it now, or has. */
  readonly isDue: boolean;
};

/** `value` is undefined where the variable comes from elsewhere (`valueFrom`). */
export type EnvEntry = {
  readonly name: string;
  readonly value: string | undefined;
  /** It comes from a ConfigMap, Secret or file, which the provider does not read. */
  readonly mayHoldReference: boolean;
};

export type ContainerState =
  | { readonly kind: 'waiting'; readonly restarts: number; readonly hasRun: boolean }
  | { readonly kind: 'running'; readonly restarts: number; readonly startedAtMs: number }
  | { readonly kind: 'terminated' }
  | { readonly kind: 'unknown' };

export function parsePod({ metadata, spec, status }: V1Pod): Pod {
  return {
    uid: metadata?.uid ?? '',
    createdAtMs: parseTime(metadata?.creationTimestamp),
    serviceAccountName: spec?.serviceAccountName ?? 'default',
    isBeingDeleted: metadata?.deletionTimestamp !== undefined,
    isFinished: isFinished(status),
    containers: parseContainers(spec, status),
  };
}

/** A Date, or the text that it is in JSON; null in manifests that a tool wrote. */
function parseTime(time: unknown): number | undefined {
  const ms = time instanceof Date ? time.getTime() : Date.parse(String(time));
  return Number.isNaN(ms) ? undefined : ms;
}

function isFinished(status: V1PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function parseContainers(spec?: V1PodSpec, status?: V1PodStatus): PodContainer[] {
  const { initContainers = [], containers = [] } = spec ?? {};
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  // A name is unique among all containers of a Pod, so it finds the status.
  const statusOf = (name: string) => statuses.find((status) => status.name === name);
  let isDue = true;
  const parsed: PodContainer[] = [];
  for (const container of initContainers) {
    const status = statusOf(container.name);
    parsed.push({ ...parseContainer(container, status), isDue });
    isDue &&= letsOthersStart(container, status);
  }
  const others = containers.map((one) => ({ ...parseContainer(one, statusOf(one.name)), isDue }));
  return [...parsed, ...others];
}

/** https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/ */
function letsOthersStart(
  { restartPolicy }: V1Container,
  status: V1ContainerStatus | undefined,
): boolean {
  if (restartPolicy === 'Always') return status?.started === true;
  return status?.state?.terminated?.exitCode === 0;
}

function parseContainer(
  container: V1Container,
  status: V1ContainerStatus | undefined,
): Omit<PodContainer, 'isDue'> {
  return {
    name: container.name,
    command: container.command ?? [],
    args: container.args ?? [],
    env: (container.env ?? []).map(parseEnvEntry),
    hasEnvFrom: (container.envFrom ?? []).length > 0,
    state: parseState(status),
  };
}

export function parseEnvEntry({ name, value, valueFrom }: V1EnvVar): EnvEntry {
  if (valueFrom === undefined) return { name, value: value ?? '', mayHoldReference: false };
  // Of the Pod itself nothing can be a reference; any other source, known here or not, may hold one.
  const isOfThePod = valueFrom.fieldRef !== undefined || valueFrom.resourceFieldRef !== undefined;
  return { name, value: undefined, mayHoldReference: !isOfThePod };
}

function parseState(status: V1ContainerStatus | undefined): ContainerState {
  if (status?.state === undefined) return { kind: 'unknown' };
  const { state, lastState, restartCount: restarts } = status;
  const startedAt = state.running?.startedAt;
  if (startedAt !== undefined) {
    return { kind: 'running', restarts, startedAtMs: startedAt.getTime() };
  }
  if (state.terminated !== undefined) return { kind: 'terminated' };
  if (state.waiting === undefined) return { kind: 'unknown' };
  const hasRun = restarts > 0 || lastState?.terminated !== undefined;
  return { kind: 'waiting', restarts, hasRun };
}
