// Puts Piggy into the cluster: its settings, the right of Kyverno to read the sealing key, and the policies.

import { randomBytes } from 'node:crypto';
import { createAuthority } from '../provider/kubernetes/certificates.ts';
import { images } from './images.ts';
import { apply, type KubernetesObject } from './kubectl.ts';
import { applyPolicies } from './policies.ts';
import { step } from './steps.ts';

const namespace = 'piggy-system';
const DAY_MS = 86_400_000;

export function installPiggy(): Promise<void> {
  return step('Installing Piggy', async () => {
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await apply(settings, ...(await keys()), ...kyvernoMayReadTheKey);
    await applyPolicies();
  });
}

const settings: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'piggy', namespace },
  data: {
    PIGGY_ADDRESS: `https://piggy.${namespace}.svc:8443`,
    PIGGY_LOOKUP_ADDRESS: `http://piggy.${namespace}.svc:8080`,
    PIGGY_ENV_IMAGE: images.launcher,
    AWS_REGION: 'eu-west-1',
  },
};

async function keys(): Promise<KubernetesObject[]> {
  const authority = await createAuthority('piggy', {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
  });
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'piggy-ca', namespace },
      data: { 'ca.crt': authority.certificate },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'piggy-admission', namespace },
      data: { key: randomBytes(32).toString('base64') },
    },
  ];
}

const rbac = { apiGroup: 'rbac.authorization.k8s.io' };
const kyvernoMayReadTheKey: readonly KubernetesObject[] = [
  {
    apiVersion: `${rbac.apiGroup}/v1`,
    kind: 'Role',
    metadata: { name: 'kyverno-reads-piggy-admission', namespace },
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
    apiVersion: `${rbac.apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'kyverno-reads-piggy-admission', namespace },
    roleRef: { ...rbac, kind: 'Role', name: 'kyverno-reads-piggy-admission' },
    subjects: [
      { kind: 'ServiceAccount', name: 'kyverno-admission-controller', namespace: 'kyverno' },
    ],
  },
];
