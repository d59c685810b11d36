// The provider's Deployment, Service and rights, as its chart installs them.

import { awsEnvironment } from './aws.ts';
import { images } from './images.ts';
import { apply, type KubernetesObject } from './kubectl.ts';
import { useNewestImage } from './newest-image.ts';

const namespace = 'piggy-system';
const labels = { 'app.kubernetes.io/name': 'piggy' };
const named = { name: 'piggy', namespace };
const rbac = 'rbac.authorization.k8s.io';

/** Installs two replicas and waits until both answer. */
export async function installProvider(): Promise<void> {
  await apply(...rights, service, deployment);
  await useNewestImage(named, images.provider);
}

const rights: readonly KubernetesObject[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: named },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'piggy' },
    rules: [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'piggy' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'piggy' },
    subjects: [{ kind: 'ServiceAccount', ...named }],
  },
];

const ports = { launches: 8443, lookups: 8080, operations: 9090 };

const service: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: named,
  spec: {
    selector: labels,
    ports: Object.entries(ports).map(([name, port]) => ({ name, port, targetPort: name })),
  },
};

const container = {
  name: 'provider',
  image: images.provider,
  envFrom: [{ configMapRef: { name: 'piggy' } }],
  env: Object.entries(awsEnvironment).map(([name, value]) => ({ name, value })),
  ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
  readinessProbe: { httpGet: { path: '/readyz', port: 'operations' }, periodSeconds: 1 },
  livenessProbe: { httpGet: { path: '/healthz', port: 'operations' } },
  volumeMounts: [
    { name: 'tls', mountPath: '/etc/piggy/tls', readOnly: true },
    { name: 'admission', mountPath: '/etc/piggy/admission', readOnly: true },
  ],
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  },
};

const deployment: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: named,
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    strategy: { rollingUpdate: { maxUnavailable: 0 } },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: 'piggy',
        // Variables of Services begin with PIGGY_ here, and are no settings.
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [container],
        volumes: [
          { name: 'tls', secret: { secretName: 'piggy-tls' } },
          {
            name: 'admission',
            secret: { secretName: 'piggy-admission', items: [{ key: 'text', path: 'key' }] },
          },
        ],
      },
    },
  },
};
