// Puts Piggy into the cluster as its chart does: settings, keys and certificates, the right of Kyverno to read the
// sealing key, the provider and the policies.

import { randomBytes } from 'node:crypto';
import { createAuthority, issueServingCertificate } from '../provider/keys/certificates.ts';
import { awsRegion } from './aws.ts';
import { images } from './images.ts';
import { apply, exists, type KubernetesObject } from './kubectl.ts';
import { applyPolicies } from './policies.ts';
import { installProvider } from './provider.ts';
import { step } from './steps.ts';

const namespace = 'piggy-system';
const serviceName = `piggy.${namespace}.svc`;
const DAY_MS = 86_400_000;

export function installPiggy(): Promise<void> {
  return step('Installing Piggy', async () => {
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await apply(settings, ...kyvernoMayReadTheKey);
    // Those of a kept cluster stay: its Pods hold the authority that they were admitted with.
    const hasKeys = await exists('configmap/piggy-ca', namespace);
    if (!hasKeys) await apply(sealingKey(), ...(await certificates()));
    await installProvider();
    await applyPolicies();
  });
}

const settings: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'piggy', namespace },
  data: {
    PIGGY_ADDRESS: `https://${serviceName}:8443`,
    PIGGY_LOOKUP_ADDRESS: `http://${serviceName}:8080`,
    PIGGY_ENV_IMAGE: images.launcher,
    PIGGY_CERTIFICATES: 'files',
    PIGGY_SEALING_KEY: 'files',
    AWS_REGION: awsRegion,
  },
};

function sealingKey(): KubernetesObject {
  const text = randomBytes(32).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'piggy-admission', namespace },
    // The key is the text as Kyverno sees it in `data`; a mounted file would hold what that text encodes.
    data: { key: text, text: Buffer.from(text).toString('base64') },
  };
}

async function certificates(): Promise<KubernetesObject[]> {
  // A day back, for clocks that differ.
  const validity = {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
  };
  const authority = await createAuthority('piggy', validity);
  const names = { dnsNames: [serviceName, `${serviceName}.cluster.local`], ipAddresses: [] };
  const serving = await issueServingCertificate(authority, names, validity);
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'piggy-tls', namespace },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': serving.certificate, 'tls.key': serving.privateKey },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'piggy-ca', namespace },
      data: { 'ca.crt': authority.certificate },
    },
  ];
}

const rbac = 'rbac.authorization.k8s.io';
const role = { apiGroup: rbac, kind: 'Role', name: 'kyverno-reads-piggy-admission' };
const kyvernoMayReadTheKey: readonly KubernetesObject[] = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: { name: role.name, namespace },
    rules: [
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['piggy-admission'],
        verbs: ['get'],
      },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: role.name, namespace },
    roleRef: role,
    subjects: [
      { kind: 'ServiceAccount', name: 'kyverno-admission-controller', namespace: 'kyverno' },
    ],
  },
];
