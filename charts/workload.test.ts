// What each value of the chart changes: how the provider runs, how it is reached and watched, and what it is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../provider/observability/metrics.ts';
import { container, pod, renderObject, settings, testOptions, values } from './rendered.ts';

const ofNamespace = {
  runAsNonRoot: true,
  runAsUser: undefined,
  runAsGroup: undefined,
  fsGroup: undefined,
  seccompProfile: { type: 'RuntimeDefault' },
};
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsUser: undefined,
};

testOptions({
  replicas: [values({ replicas: 3 }), 'Deployment piggy', { spec: { replicas: 3 } }],
  autoscaling: [
    values({
      autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 9, targetCpuUtilization: 60 },
    }),
    'HorizontalPodAutoscaler piggy',
    {
      spec: {
        minReplicas: 3,
        maxReplicas: 9,
        metrics: [{ resource: { target: { averageUtilization: 60 } } }],
      },
    },
  ],
  'podDisruptionBudget.maxUnavailable': [
    values({ podDisruptionBudget: { maxUnavailable: '50%' } }),
    'PodDisruptionBudget piggy',
    { spec: { maxUnavailable: '50%' } },
  ],
  'openshift.enabled: the provider names neither uid nor group': [
    values({ openshift: { enabled: true } }),
    'Deployment piggy',
    pod({ securityContext: ofNamespace, containers: [{ securityContext: restricted }] }),
  ],
  'openshift.enabled: nor does the test': [
    values({ openshift: { enabled: true } }),
    'Pod piggy-test',
    { spec: { securityContext: ofNamespace, containers: [{ securityContext: restricted }] } },
  ],
  resources: [
    values({ resources: { limits: { memory: '512Mi' } } }),
    'Deployment piggy',
    container({ resources: { limits: { memory: '512Mi' }, requests: { memory: '160Mi' } } }),
  ],
  'podLabels, which cannot change what the Service selects': [
    values({ podLabels: { team: 'platform', 'app.kubernetes.io/name': 'other' } }),
    'Deployment piggy',
    {
      spec: {
        template: { metadata: { labels: { team: 'platform', 'app.kubernetes.io/name': 'piggy' } } },
      },
    },
  ],
  podAnnotations: [
    values({ podAnnotations: { a: 'b' } }),
    'Deployment piggy',
    { spec: { template: { metadata: { annotations: { a: 'b' } } } } },
  ],
  'nodeSelector, tolerations, affinity and priorityClassName': [
    values({
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { podAffinity: {} },
      priorityClassName: 'system-cluster-critical',
    }),
    'Deployment piggy',
    pod({
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { podAffinity: {} },
      priorityClassName: 'system-cluster-critical',
    }),
  ],
  'extraVolumes and extraVolumeMounts': [
    values({
      extraVolumes: [{ name: 'a', configMap: { name: 'b' } }],
      extraVolumeMounts: [{ name: 'a', mountPath: '/a' }],
    }),
    'Deployment piggy',
    pod({
      volumes: [{ name: 'access' }, { name: 'a', configMap: { name: 'b' } }],
      containers: [{ volumeMounts: [{ name: 'access' }, { name: 'a', mountPath: '/a' }] }],
    }),
  ],
  'serviceAccount.create': [
    values({ serviceAccount: { create: false, name: 'own' } }),
    'ServiceAccount own',
    undefined,
  ],
  'serviceAccount.name': [
    values({ serviceAccount: { name: 'own' } }),
    'ClusterRoleBinding piggy',
    { subjects: [{ name: 'own', namespace: 'piggy-system' }] },
  ],
  'serviceAccount.annotations': [
    values({ serviceAccount: { annotations: { a: 'b' } } }),
    'ServiceAccount piggy',
    { metadata: { annotations: { a: 'b' } } },
  ],
  'service.port: the Service': [
    values({ service: { port: 8443 } }),
    'Service piggy',
    { spec: { ports: [{ name: 'launches', port: 8443, targetPort: 'launches' }, {}, {}] } },
  ],
  'service.port: the address': [
    values({ service: { port: 8443 } }),
    'ConfigMap piggy',
    settings({ PIGGY_ADDRESS: 'https://piggy.piggy-system.svc:8443' }),
  ],
  'service.annotations': [
    values({ service: { annotations: { a: 'b' } } }),
    'Service piggy',
    { metadata: { annotations: { a: 'b' } } },
  ],
  'networkPolicy.enabled': [
    values({ networkPolicy: { enabled: false } }),
    'NetworkPolicy piggy',
    undefined,
  ],
  'networkPolicy.metricsFrom': [
    values({ networkPolicy: { metricsFrom: [{ podSelector: { matchLabels: { a: 'b' } } }] } }),
    'NetworkPolicy piggy',
    { spec: { ingress: [{}, {}, { from: [{ podSelector: { matchLabels: { a: 'b' } } }] }] } },
  ],
  serviceMonitor: [
    values({ serviceMonitor: { enabled: true, labels: { release: 'p' }, interval: '1m' } }),
    'ServiceMonitor piggy',
    { metadata: { labels: { release: 'p' } }, spec: { endpoints: [{ interval: '1m' }] } },
  ],
  prometheusRule: [
    values({ prometheusRule: { enabled: true, labels: { release: 'p' } } }),
    'PrometheusRule piggy',
    { metadata: { labels: { release: 'p' } } },
  ],
  'doctor.enabled': [values({ doctor: { enabled: false } }), 'ClusterRole piggy-doctor', undefined],
  'kyverno.deploymentName': [
    values({ kyverno: { deploymentName: 'admission' } }),
    'ClusterRole piggy-doctor',
    { rules: [{}, {}, { resources: ['deployments'], resourceNames: ['admission'] }] },
  ],
  'test.image': [
    values({ test: { image: 'registry.example/app:v1' } }),
    'Pod piggy-test',
    {
      spec: {
        containers: [
          { env: [{ name: 'TEST_IMAGE', value: 'registry.example/app:v1' }, {}, {}, {}, {}, {}] },
        ],
      },
    },
  ],
  fullnameOverride: [
    values({ fullnameOverride: 'secrets' }),
    'ConfigMap piggy',
    settings({
      PIGGY_ADDRESS: 'https://secrets.piggy-system.svc',
      PIGGY_LOOKUP_ADDRESS: 'http://secrets.piggy-system.svc:8080',
      PIGGY_SERVICE_NAME: 'secrets',
    }),
  ],
  'the name of the release': [{ name: 'prod' }, 'Service prod-piggy', {}],
  'the namespace and name of a former installation': [
    { name: 'piggy-webhooks', namespace: 'piggy-webhooks' },
    'ConfigMap piggy',
    settings({ PIGGY_ADDRESS: 'https://piggy-webhooks.piggy-webhooks.svc' }),
  ],
  'the Service of a former installation': [
    { name: 'piggy-webhooks', namespace: 'piggy-webhooks' },
    'Service piggy-webhooks',
    { spec: { ports: [{ port: 443 }, {}, {}] } },
  ],
});

test('other settings are other Pods, other access rules are not', async () => {
  const hashOf = async (given: Readonly<Record<string, unknown>>) =>
    JSON.stringify((await renderObject(values(given), 'Deployment piggy'))?.['spec']);
  const before = await hashOf({});
  assert.notEqual(await hashOf({ env: { PIGGY_LAUNCH_WINDOW: '5m' } }), before);
  const rules = [{ name: 'a', namespaces: ['shop'], secrets: ['shared/*'] }];
  assert.equal(await hashOf({ access: { rules } }), before);
});

test('a HorizontalPodAutoscaler is not overruled by the Deployment', async () => {
  const scaled = values({ autoscaling: { enabled: true } });
  const { spec } = (await renderObject(scaled, 'Deployment piggy')) as unknown as { spec: object };
  assert.ok(!('replicas' in spec));
});

test('alerts ask for metrics that the provider has', async () => {
  const rule = await renderObject(
    values({ prometheusRule: { enabled: true } }),
    'PrometheusRule piggy',
  );
  const asked = [...JSON.stringify(rule).matchAll(/piggy_\w+(?=\{)/g)].map(([name]) => name);
  assert.ok(asked.length > 0);
  const { text } = await createMetrics().render();
  for (const name of asked) assert.ok(text.includes(`# TYPE ${name} `), name);
});
