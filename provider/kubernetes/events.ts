// Writes the Event that tells a Pod's author, in `kubectl describe pod`, why the provider refused it.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/

export type PodEvent = {
  /** Of the Event itself: of two with one name the second is not written. */
  readonly name: string;
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string };
  readonly container: string | undefined;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
};

/** The API server takes 1,024 bytes. */
const MAX_MESSAGE_CHARACTERS = 1_000;
const COMPONENT = 'piggy';

/** The fields of a CoreV1Event. */
export function toKubernetesEvent(event: PodEvent) {
  const { name, namespace, pod, container, reason, message, atMs } = event;
  const at = new Date(atMs);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace },
    type: 'Warning',
    reason,
    message: cut(message),
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace,
      ...pod,
      ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
    },
    source: { component: COMPONENT },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}

function cut(message: string): string {
  const printable = message.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > MAX_MESSAGE_CHARACTERS
    ? `${printable.slice(0, MAX_MESSAGE_CHARACTERS - 3)}...`
    : printable;
}
