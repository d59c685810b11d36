// The launcher starts applications of any image, with as few rights as Pod Security "restricted" leaves, and on the host's
// network.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { images } from '../images.ts';
import { apply, kubectl, type KubernetesObject } from '../kubectl.ts';
import { createNamespace, deleteNamespace } from '../namespaces.ts';
import { podOf, told } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';
import { tells } from '../tells.ts';

const password = canary();
const enforceRestricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

const asNobody = {
  runAsNonRoot: true,
  runAsUser: 10001,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const tellInNode = `
  const { createHash } = require('node:crypto');
  const hash = createHash('sha256').update(process.env.DB_PASSWORD).digest('hex');
  console.log('DB_PASSWORD ' + hash + '\\ntold');
`;

type Case = {
  readonly image: string;
  readonly command: readonly string[];
  readonly securityContext?: object;
  readonly spec?: object;
};
const restricted: Record<string, Case> = {
  'a scratch image with one static program': {
    image: images.static,
    command: ['/tells', 'DB_PASSWORD'],
  },
  // The provider's own image is such a one.
  'a distroless image, with glibc and no shell': {
    image: images.provider,
    command: ['/usr/local/bin/node', '--eval', tellInNode],
  },
  'a busybox image': { image: images.busybox, command: tells(['DB_PASSWORD']) },
  'a Pod without the token of the Kubernetes API': {
    image: images.busybox,
    command: tells(['DB_PASSWORD']),
    spec: { automountServiceAccountToken: false },
  },
};
const free: Record<string, Case> = {
  "a Pod on the host's network": {
    image: images.busybox,
    command: tells(['DB_PASSWORD']),
    spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
  },
  'a Pod that runs as root': {
    image: images.busybox,
    command: tells(['DB_PASSWORD']),
    securityContext: { runAsUser: 0 },
  },
};

const { namespace } = openScenario('images', async (namespace) => {
  await kubectl(['label', 'namespace', namespace, ...labelsOf(enforceRestricted)]);
  await createNamespace(`${namespace}-free`);
  for (const each of [namespace, `${namespace}-free`]) {
    await createSecret(`${each}/default`, { DB_PASSWORD: password });
  }
  await apply(
    ...Object.entries(restricted).map(([what, it]) =>
      pod(what, namespace, { securityContext: asNobody, ...it }),
    ),
    ...Object.entries(free).map(([what, it]) => pod(what, `${namespace}-free`, it)),
  );
});

after(() => deleteNamespace(`${namespace}-free`));

for (const [cases, where] of [
  [restricted, namespace],
  [free, `${namespace}-free`],
] as const) {
  for (const what of Object.keys(cases)) {
    test(`${what} has its value`, async () => {
      const variables = await told({ pod: nameOf(what), container: 'app', namespace: where });
      assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
    });
  }
}

function pod(what: string, namespace: string, { spec, ...container }: Case): KubernetesObject {
  const env = [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }];
  return podOf({
    name: nameOf(what),
    namespace,
    annotations: { inject: 'true' },
    spec: {
      ...spec,
      restartPolicy: 'Never',
      containers: [{ name: 'app', env, ...container }],
    },
  });
}

function nameOf(what: string): string {
  return what.toLowerCase().replaceAll(/[^a-z]+/g, '-');
}

function labelsOf(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}
