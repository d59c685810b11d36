// Installations that differ, each as the values of it; between them they switch everything on.

import type { Release, Values } from '../tools/helm.ts';

export const valueSets: Readonly<Record<string, Values>> = {
  defaults: {},
  'before Kyverno': { policies: { injectSecrets: false } },
  'without Kyverno': { engine: 'native' },
  'on OpenShift': { openshift: { enabled: true } },
  'policies applied by others': { policies: { enabled: false } },
  'with cert-manager, monitoring and scaling': {
    certificates: {
      source: 'certManager',
      issuerRef: { name: 'internal', kind: 'ClusterIssuer' },
      names: ['piggy.example', '10.0.0.1'],
    },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
    autoscaling: { enabled: true },
    networkPolicy: { metricsFrom: [{ namespaceSelector: { matchLabels: { team: 'ops' } } }] },
  },
  'with Secrets of its own': {
    certificates: { source: 'secret', secretName: 'own-tls' },
    sealingKey: { source: 'secret' },
  },
  'reading pull secrets of two namespaces': { pullSecrets: { namespaces: ['shop', 'bank'] } },
  'reading all pull secrets': { pullSecrets: { namespaces: ['*'] } },
  'sharing pull secrets of a namespace that also reads its own': {
    pullSecrets: { namespaces: ['shop', 'registry'], sharedNamespaces: ['registry'] },
  },
  'with all that is free text': {
    image: { digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
    imagePullSecrets: ['registry'],
    env: { PIGGY_LAUNCH_WINDOW: '5m', PIGGY_MAX_CONCURRENT_REQUESTS: 100000, PIGGY_DEBUG: true },
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    aws: { region: 'eu-west-1', roleArn: 'arn:aws:iam::123456789012:role/piggy' },
    access: {
      default: 'deny',
      rules: [{ name: 'shop', namespaces: ['shop'], secrets: ['shared/*'] }],
    },
    podLabels: { team: 'platform' },
    podAnnotations: { 'example.com/scrape': 'true' },
    nodeSelector: { 'kubernetes.io/arch': 'arm64' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    affinity: { podAntiAffinity: {} },
    priorityClassName: 'system-cluster-critical',
    extraVolumes: [{ name: 'authorities', configMap: { name: 'authorities' } }],
    extraVolumeMounts: [{ name: 'authorities', mountPath: '/etc/piggy/registries' }],
    serviceAccount: { annotations: { 'example.com/owner': 'platform' } },
    service: { port: 8443, annotations: { 'example.com/owner': 'platform' } },
  },
};

/** On a Kubernetes that has what they need. */
export function releaseOf(values: Values): Release {
  return { values, ...(values['engine'] === 'native' ? { kubeVersion: '1.36.0' } : {}) };
}
