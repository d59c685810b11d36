// What each value of the chart changes: images, settings, rights, policies and keys. The others are in workload.test.ts.

import { container, native, pod, settings, testOptions, values } from './rendered.ts';

testOptions({
  'image.repository and image.tag': [
    values({ image: { repository: 'registry.example/piggy', tag: 'v2' } }),
    'Deployment piggy',
    container({ image: 'registry.example/piggy:v2' }),
  ],
  'image.digest beats the tag': [
    values({ image: { tag: 'v2', digest: `sha256:${'a'.repeat(64)}` } }),
    'Deployment piggy',
    container({ image: `ghcr.io/piggysec/piggy@sha256:${'a'.repeat(64)}` }),
  ],
  'image.pullPolicy': [
    values({ image: { pullPolicy: 'Never' } }),
    'Deployment piggy',
    container({ imagePullPolicy: 'Never' }),
  ],
  'the image of the test follows': [
    values({ image: { tag: 'v2', pullPolicy: 'Never' } }),
    'Pod piggy-test',
    { spec: { containers: [{ image: 'ghcr.io/piggysec/piggy:v2', imagePullPolicy: 'Never' }] } },
  ],
  'launcher.image': [
    values({ launcher: { image: { repository: 'r/env', tag: 'v2', pullPolicy: 'Always' } } }),
    'ConfigMap piggy',
    settings({ PIGGY_ENV_IMAGE: 'r/env:v2', PIGGY_ENV_IMAGE_PULL_POLICY: 'Always' }),
  ],
  imagePullSecrets: [
    values({ imagePullSecrets: ['registry'] }),
    'Deployment piggy',
    pod({ imagePullSecrets: [{ name: 'registry' }] }),
  ],
  env: [
    values({ env: { PIGGY_LAUNCH_WINDOW: '5m', PIGGY_DEBUG: true } }),
    'ConfigMap piggy',
    settings({ PIGGY_LAUNCH_WINDOW: '5m', PIGGY_DEBUG: 'true' }),
  ],
  'env.AWS_REGION, as the earlier chart took it': [
    values({ env: { AWS_REGION: 'ap-southeast-1' } }),
    'ConfigMap piggy',
    settings({ AWS_REGION: 'ap-southeast-1' }),
  ],
  'env, with a large number': [
    values({ env: { PIGGY_MAX_CONCURRENT_REQUESTS: 10_000_000 } }),
    'ConfigMap piggy',
    settings({ PIGGY_MAX_CONCURRENT_REQUESTS: '10000000' }),
  ],
  'env beats what follows from other values': [
    values({ env: { PIGGY_ADDRESS: 'https://piggy.example' } }),
    'ConfigMap piggy',
    settings({ PIGGY_ADDRESS: 'https://piggy.example' }),
  ],
  extraEnv: [
    values({ extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy' }] }),
    'Deployment piggy',
    container({ env: [{ name: 'HTTPS_PROXY', value: 'http://proxy' }] }),
  ],
  'aws.region': [
    values({ aws: { region: 'eu-west-1' } }),
    'ConfigMap piggy',
    settings({ AWS_REGION: 'eu-west-1' }),
  ],
  'aws.roleArn': [
    values({ aws: { roleArn: 'arn:aws:iam::123456789012:role/piggy' } }),
    'ServiceAccount piggy',
    {
      metadata: {
        annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/piggy' },
      },
    },
  ],
  'access.default': [
    values({ access: { default: 'deny' } }),
    'ConfigMap piggy',
    settings({ PIGGY_ACCESS_DEFAULT: 'deny' }),
  ],
  'access.rules': [
    values({ access: { rules: [{ name: 'a', namespaces: ['shop'], secrets: ['shared/*'] }] } }),
    'ConfigMap piggy-access',
    {
      data: {
        'access.yaml': 'rules:\n- name: a\n  namespaces:\n  - shop\n  secrets:\n  - shared/*\n',
      },
    },
  ],
  'pullSecrets.namespaces: the setting': [
    values({ pullSecrets: { namespaces: ['shop', 'bank'] } }),
    'ConfigMap piggy',
    settings({ PIGGY_PULL_SECRET_NAMESPACES: 'shop,bank' }),
  ],
  'pullSecrets.namespaces: a Role in each': [
    values({ pullSecrets: { namespaces: ['shop', 'bank'] } }),
    'Role bank/piggy-pull-secrets',
    { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
  ],
  'pullSecrets.namespaces: no right anywhere else': [
    values({ pullSecrets: { namespaces: ['shop', 'bank'] } }),
    'ClusterRole piggy-pull-secrets',
    undefined,
  ],
  "pullSecrets.namespaces ['*']: the setting": [
    values({ pullSecrets: { namespaces: ['*'] } }),
    'ConfigMap piggy',
    settings({ PIGGY_PULL_SECRET_NAMESPACES: '*' }),
  ],
  "pullSecrets.namespaces ['*']: one ClusterRole": [
    values({ pullSecrets: { namespaces: ['*'] } }),
    'ClusterRole piggy-pull-secrets',
    { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
  ],
  'pullSecrets.sharedNamespaces: the setting, and none of own pull secrets': [
    values({ pullSecrets: { sharedNamespaces: ['registry'] } }),
    'ConfigMap piggy',
    settings({
      PIGGY_PULL_SECRET_NAMESPACES: 'none',
      PIGGY_SHARED_PULL_SECRET_NAMESPACES: 'registry',
    }),
  ],
  'pullSecrets.sharedNamespaces: a Role there': [
    values({ pullSecrets: { namespaces: ['shop'], sharedNamespaces: ['registry', 'shop'] } }),
    'Role registry/piggy-pull-secrets',
    { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
  ],
  "pullSecrets.sharedNamespaces ['*']: one ClusterRole": [
    values({ pullSecrets: { namespaces: ['shop'], sharedNamespaces: ['*'] } }),
    'ClusterRole piggy-pull-secrets',
    { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
  ],
  "pullSecrets.sharedNamespaces ['*']: and no Role beside it": [
    values({ pullSecrets: { namespaces: ['shop'], sharedNamespaces: ['*'] } }),
    'Role shop/piggy-pull-secrets',
    undefined,
  ],
  'kyverno.namespace and kyverno.serviceAccountName': [
    values({ kyverno: { namespace: 'policy', serviceAccountName: 'admission' } }),
    'RoleBinding piggy-kyverno',
    { subjects: [{ kind: 'ServiceAccount', name: 'admission', namespace: 'policy' }] },
  ],
  'engine native: its policy': [
    native({}),
    'MutatingAdmissionPolicyBinding inject-secrets',
    { spec: { paramRef: { name: 'piggy-native', namespace: 'piggy-system' } } },
  ],
  'engine native: and no other': [native({}), 'MutatingPolicy inject-secrets', undefined],
  'engine native: the same guards': [native({}), 'ValidatingAdmissionPolicy require-injection', {}],
  'engine native: the provider keeps what it reads': [
    native({}),
    'ConfigMap piggy',
    settings({ PIGGY_ENGINE: 'native' }),
  ],
  'engine native: and may do so, with certificates of others too': [
    native({ certificates: { source: 'secret', secretName: 'own', publishCa: false } }),
    'Role piggy',
    {
      rules: [
        {},
        {},
        { resources: ['configmaps'], verbs: ['create'] },
        { resourceNames: ['piggy', 'piggy-ca'], verbs: ['get'] },
        { resourceNames: ['piggy-native'], verbs: ['get', 'update'] },
      ],
    },
  ],
  'engine native: Kyverno reads nothing': [native({}), 'Role piggy-kyverno', undefined],
  'engine native: nor asks the provider': [
    native({}),
    'NetworkPolicy piggy',
    { spec: { ingress: [{}, { from: [{ podSelector: {} }] }, {}] } },
  ],
  'engine native and policies.injectSecrets': [
    native({ policies: { injectSecrets: false } }),
    'MutatingAdmissionPolicy inject-secrets',
    undefined,
  ],
  'engine kyverno: not the policy of the other': [
    {},
    'MutatingAdmissionPolicy inject-secrets',
    undefined,
  ],
  'kyverno.podLabels': [
    values({ kyverno: { podLabels: { 'app.kubernetes.io/component': null, app: 'kyverno' } } }),
    'NetworkPolicy piggy',
    {
      spec: {
        ingress: [{}, { from: [{ podSelector: { matchLabels: { app: 'kyverno' } } }, {}] }, {}],
      },
    },
  ],
  'policies.enabled: no policy at all': [
    values({ policies: { enabled: false } }),
    'ValidatingAdmissionPolicy require-injection',
    undefined,
  ],
  'policies.injectSecrets: not the one that needs Kyverno': [
    values({ policies: { injectSecrets: false } }),
    'MutatingPolicy inject-secrets',
    undefined,
  ],
  'policies.injectSecrets: the others stay': [
    values({ policies: { injectSecrets: false } }),
    'ValidatingAdmissionPolicy require-injection',
    {},
  ],
  'policies.debuggersMayJoin': [
    values({ policies: { debuggersMayJoin: true } }),
    'ValidatingAdmissionPolicy protect-injected',
    {
      spec: {
        variables: [{ name: 'debuggersMayJoin', expression: 'true' }, {}, {}, {}, {}, {}, {}],
      },
    },
  ],
  'certificates.source managed: nothing is mounted': [
    {},
    'Deployment piggy',
    container({ volumeMounts: [{ name: 'access' }] }),
  ],
  'certificates.source secret: the settings': [
    values({ certificates: { source: 'secret', secretName: 'own' } }),
    'ConfigMap piggy',
    settings({ PIGGY_CERTIFICATES: 'files', PIGGY_PUBLISH_CA: 'true' }),
  ],
  'certificates.source secret: the mounted Secret': [
    values({ certificates: { source: 'secret', secretName: 'own' } }),
    'Deployment piggy',
    pod({ volumes: [{ name: 'access' }, { name: 'tls', secret: { secretName: 'own' } }] }),
  ],
  'certificates.source secret: no right to certificates': [
    values({ certificates: { source: 'secret', secretName: 'own', publishCa: false } }),
    'Role piggy',
    {
      rules: [
        { resources: ['secrets'], verbs: ['create'] },
        { resources: ['secrets'], resourceNames: ['piggy-admission'], verbs: ['get', 'update'] },
      ],
    },
  ],
  'certificates and sealing key of others: no right to write at all': [
    values({
      certificates: { source: 'secret', secretName: 'own', publishCa: false },
      sealingKey: { source: 'secret' },
    }),
    'Role piggy',
    undefined,
  ],
  'certificates.source certManager': [
    values({ certificates: { source: 'certManager', issuerRef: { name: 'internal' } } }),
    'Certificate piggy',
    {
      spec: {
        secretName: 'piggy-tls',
        issuerRef: { name: 'internal' },
        dnsNames: [
          'piggy',
          'piggy.piggy-system',
          'piggy.piggy-system.svc',
          'piggy.piggy-system.svc.cluster.local',
        ],
      },
    },
  ],
  'certificates.names: of the provider': [
    values({ certificates: { names: ['piggy.example', '10.0.0.1'] } }),
    'ConfigMap piggy',
    settings({ PIGGY_CERTIFICATE_NAMES: 'piggy.example,10.0.0.1' }),
  ],
  'certificates.names: of cert-manager': [
    values({
      certificates: {
        source: 'certManager',
        issuerRef: { name: 'a' },
        names: ['10.0.0.1', 'fd00::1'],
      },
    }),
    'Certificate piggy',
    { spec: { ipAddresses: ['10.0.0.1', 'fd00::1'] } },
  ],
  'sealingKey.source secret': [
    values({ sealingKey: { source: 'secret' } }),
    'Deployment piggy',
    pod({
      volumes: [
        { name: 'access' },
        { secret: { secretName: 'piggy-admission', items: [{ key: 'text', path: 'key' }] } },
      ],
    }),
  ],
});
