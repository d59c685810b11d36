// A Pod of the size that a real API server answers with: what admission, scheduler, kubelet and the server's own bookkeeping
// leave in it is several times what its author wrote, and all of it is read for every launch.

import { injectedPod, type InjectedPod } from '../provider/testing/injected-pod.ts';

export type RunningPodOptions = {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
};

/** Its container has just started. */
export function runningPod({ name, env, args }: RunningPodOptions): InjectedPod {
  const startedAt = new Date();
  const time = startedAt.toISOString();
  return injectedPod({
    name,
    env,
    args,
    startedAt,
    metadata: createMetadata(Object.keys(env), time),
    container,
    spec,
    status: {
      startTime: time,
      podIP: '10.244.0.17',
      hostIP: '172.18.0.2',
      qosClass: 'Burstable',
      conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: time })),
    },
  });
}

const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 10 };

const container = {
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  livenessProbe: probe,
  readinessProbe: probe,
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  volumeMounts: [
    { name: 'piggy-env', mountPath: '/piggy', readOnly: true },
    { name: 'piggy-token', mountPath: '/var/run/secrets/piggysec.com', readOnly: true },
  ],
};

const spec = {
  nodeName: 'node-1',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  tolerations: ['not-ready', 'unreachable'].map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  })),
  volumes: [
    { name: 'piggy-env', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    { name: 'piggy-token', projected: { defaultMode: 420, sources: [] } },
  ],
};

const conditions = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
];

function createMetadata(variables: readonly string[], time: string): object {
  return {
    creationTimestamp: time,
    resourceVersion: '1234567',
    labels: { app: 'shop-api', 'pod-template-hash': '6d4cf56db6' },
    annotations: { 'piggysec.com/aws-secret-name': 'shop/api', 'piggysec.com/piggy-uid': '{}' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'shop-api-6d4cf56db6', controller: true },
    ],
    managedFields: [
      managedBy('kube-controller-manager', time, manageList('f:env', 'name', variables)),
      managedBy('kubelet', time, manageList('f:conditions', 'type', conditions)),
    ],
  };
}

function managedBy(manager: string, time: string, fieldsV1: object): object {
  return { manager, operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1 };
}

function manageList(field: string, key: string, names: readonly string[]): object {
  const entries = names.map(
    (name) => [`k:{"${key}":"${name}"}`, { '.': {}, 'f:name': {}, 'f:value': {} }] as const,
  );
  return { [field]: Object.fromEntries(entries) };
}
