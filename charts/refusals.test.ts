// Which values Helm refuses by values.schema.json: one for each of its rules, and every name that is not there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHelm, type Values } from '../tools/helm.ts';

const helm = await createHelm();

const rule = { name: 'shop', namespaces: ['shop'], secrets: ['shared/*'] };
const ruleWith = (changed: object) => [{ ...rule, ...changed }];

/** By the path of a value, values that it does not take; a further word tells those of one path apart. */
const refused: Readonly<Record<string, unknown>> = {
  global: 'text',
  engine: 'gatekeeper',
  image: 'piggy:v1',
  'image.repository': 'Registry.example/Piggy',
  'image.tag': 'v1@sha256',
  'image.digest': 'sha256:abc',
  'image.pullPolicy': 'Sometimes',
  launcher: { repository: 'piggy-env' },
  'launcher.image': { repo: 'piggy-env' },
  imagePullSecrets: [{ name: 'registry' }],
  env: { PIGGY_LAUNCH_WINDO: '5m' },
  'env that another value sets': { PIGGY_ACCESS_DEFAULT: 'allow' },
  'env of a list': { PIGGY_REGISTRY_ALLOW_LIST: ['ghcr.io'] },
  extraEnv: { HTTPS_PROXY: 'http://proxy' },
  'extraEnv without a name': [{ value: 'http://proxy' }],
  aws: { role: 'piggy' },
  'aws.region': 'Ireland',
  'aws.roleArn': 'piggy',
  access: { rule: [] },
  'access.default': 'everything',
  'access.rules': { shop: rule },
  'access.rules with an unknown field': ruleWith({ secret: 'shared/*' }),
  'access.rules with a bad name': ruleWith({ name: 'a b' }),
  'access.rules without namespaces': ruleWith({ namespaces: [] }),
  'access.rules with a bad namespace': ruleWith({ namespaces: ['Shop'] }),
  'access.rules with a bad service account': ruleWith({ serviceAccounts: ['a/b'] }),
  'access.rules with a bad secret': ruleWith({ secrets: ['a b'] }),
  'access.rules with a bad path': ruleWith({ parameterPaths: ['shared'] }),
  'access.rules with neither': [{ name: 'shop', namespaces: ['shop'] }],
  'access.rules with a bad role': ruleWith({ roleArn: 'role/shop' }),
  'access.rules with a bad external id': ruleWith({ roleArn: arn('shop'), externalId: 'a' }),
  'access.rules with an external id and no role': ruleWith({ externalId: 'piggy' }),
  'access.rules with tags that are no boolean': ruleWith({ roleArn: arn('a'), sessionTags: 'no' }),
  'access.rules with wholeSecrets that is a boolean': ruleWith({ wholeSecrets: true }),
  'access.rules with tags and no role': ruleWith({ sessionTags: false }),
  pullSecrets: { namespace: 'shop' },
  'pullSecrets.namespaces': 'shop',
  'pullSecrets.namespaces all and one': ['*', 'shop'],
  'pullSecrets.namespaces one twice': ['shop', 'shop'],
  'pullSecrets.sharedNamespaces': 'shop',
  'pullSecrets.sharedNamespaces all and one': ['*', 'shop'],
  kyverno: { serviceAccount: 'kyverno' },
  'kyverno.namespace': '',
  'kyverno.serviceAccountName': 'Kyverno',
  'kyverno.deploymentName': 'Kyverno',
  'kyverno.podLabels': { app: 1 },
  policies: { inject: true },
  'policies.enabled': 'yes',
  'policies.injectSecrets': 'yes',
  'policies.debuggersMayJoin': 'yes',
  certificates: { secret: 'own' },
  'certificates.source': 'self-signed',
  'certificates.secretName': 'Own_TLS',
  'certificates.issuerRef': 'internal',
  'certificates.publishCa': 'yes',
  'certificates.names': ['piggy example'],
  sealingKey: { secret: 'own' },
  'sealingKey.source': 'file',
  replicas: 0,
  autoscaling: { min: 2 },
  'autoscaling.enabled': 'yes',
  'autoscaling.minReplicas': 0,
  'autoscaling.maxReplicas': 1000,
  'autoscaling.targetCpuUtilization': '80%',
  podDisruptionBudget: { minAvailable: 1 },
  'podDisruptionBudget.maxUnavailable': 0,
  'podDisruptionBudget.maxUnavailable as text': 'half',
  openshift: true,
  'openshift.enabled': 'auto',
  resources: { request: {} },
  'resources.requests': { memory: '160 MB' },
  'resources.limits': { memory: 'much' },
  podLabels: { team: 1 },
  podAnnotations: { scrape: true },
  nodeSelector: ['arm64'],
  tolerations: ['dedicated'],
  affinity: { nodes: {} },
  'affinity.nodeAffinity': [],
  'affinity.podAffinity': [],
  'affinity.podAntiAffinity': [],
  priorityClassName: 'Very High',
  extraVolumes: [{ configMap: { name: 'a' } }],
  extraVolumeMounts: [{ name: 'a' }],
  serviceAccount: { role: 'piggy' },
  'serviceAccount.create': 'no',
  'serviceAccount.name': 'Piggy',
  'serviceAccount.annotations': { role: 1 },
  service: { type: 'LoadBalancer' },
  'service.port': 0,
  'service.annotations': { a: 1 },
  networkPolicy: { enable: true },
  'networkPolicy.enabled': 'yes',
  'networkPolicy.metricsFrom': ['prometheus'],
  serviceMonitor: { namespace: 'monitoring' },
  'serviceMonitor.enabled': 'yes',
  'serviceMonitor.labels': { release: 1 },
  'serviceMonitor.interval': '30',
  prometheusRule: { namespace: 'monitoring' },
  'prometheusRule.enabled': 'yes',
  'prometheusRule.labels': { release: 1 },
  doctor: { rbac: true },
  'doctor.enabled': 'yes',
  test: { images: [] },
  'test.image': 'an image',
  fullnameOverride: 'Piggy',
};

for (const [what, value] of Object.entries(refused)) {
  test(`refuses ${what}: ${JSON.stringify(value)}`, async () => {
    const [path = ''] = what.split(' ');
    const refusal = await helm.refusalOf(nested(path.split('.'), value));
    assert.match(refusal, new RegExp(`at '/${path.replaceAll('.', '/')}`));
  });
}

const contradictions: Readonly<Record<string, readonly [values: Values, at: string]>> = {
  'an unknown value': [{ replicaCount: 2 }, "at '': additional properties 'replicaCount'"],
  'a Secret that is not named': [
    { certificates: { source: 'secret' } },
    '/certificates/secretName',
  ],
  'an issuer that is not named': [{ certificates: { source: 'certManager' } }, '/issuerRef'],
};

for (const [what, [values, at]] of Object.entries(contradictions)) {
  test(`refuses ${what}`, async () => {
    assert.ok((await helm.refusalOf(values)).includes(at));
  });
}

test('there is a refused value for every value of the schema', () => {
  const text = readFileSync(join(import.meta.dirname, 'piggy/values.schema.json'), 'utf8');
  const schema = JSON.parse(text) as Schema;
  const tried = new Set(Object.keys(refused).map((what) => what.split(' ')[0]));
  const untried = [...pathsOf(schema)].filter((path) => !tried.has(path));
  // Of the launcher's image the rules are those of `image`; those of `env` and of an issuer are one and the same.
  const same = /^(launcher\.image|env|certificates\.issuerRef)\./;
  assert.deepEqual(
    untried.filter((path) => !same.test(path)),
    [],
  );

  function* pathsOf({ properties = {}, $ref }: Schema, prefix = ''): Generator<string> {
    const own =
      $ref === '#/definitions/image' ? schema.definitions?.['image']?.properties : properties;
    for (const [name, property] of Object.entries(own ?? {})) {
      yield `${prefix}${name}`;
      yield* pathsOf(property, `${prefix}${name}.`);
    }
  }
});

type Schema = {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
};

function nested([first = '', ...rest]: readonly string[], value: unknown): Values {
  return { [first]: rest.length === 0 ? value : nested(rest, value) };
}

function arn(name: string): string {
  return `arn:aws:iam::123456789012:role/${name}`;
}

test('refuses the native engine on a Kubernetes that does not have it, in one sentence', async () => {
  const refusal = await helm.refusalOf({ engine: 'native' }, '1.35.4');
  assert.match(
    refusal,
    /engine native needs Kubernetes 1\.36 or newer, and this is v1\.35\.4: set engine to kyverno, or upgrade the cluster first\n/,
  );
});
