// Fields that the policies merely read: a Pod that Kubernetes accepts is injected whatever of them is absent, empty or null, and of one
// that it refuses the author reads the API server's own words. Nothing is created: the API server is asked what it would store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capture } from '../../tools/run.ts';
import { images } from '../images.ts';
import { apply, kubectl } from '../kubectl.ts';
import { createNamespace, deleteNamespace } from '../namespaces.ts';
import { openScenario } from '../scenario.ts';

const { namespace } = openScenario('accepted');

type Spec = Readonly<Record<string, unknown>>;
const reference = { name: 'A', value: 'piggy:A' };
const container = { name: 'app', image: images.busybox, command: ['true'], env: [reference] };
const inContainer = (fields: object): Spec => ({ containers: [{ ...container, ...fields }] });
const inPod = (fields: object): Spec => ({ ...fields, containers: [container] });

const terms = (...nodeSelectorTerms: unknown[]) =>
  inPod({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  });
const arch = { key: 'kubernetes.io/arch', operator: 'In' };

const specs: Readonly<Record<string, Spec>> = {
  'nothing but what must be': inPod({}),
  'a pull secret with an empty name': inPod({ imagePullSecrets: [{ name: '' }] }),
  'a pull secret without a name': inPod({ imagePullSecrets: [{}] }),
  'a pull secret whose name is null': inPod({ imagePullSecrets: [{ name: null }] }),
  'no pull secrets': inPod({ imagePullSecrets: [] }),
  'null for pull secrets': inPod({ imagePullSecrets: null }),
  'empty lists': inPod({ initContainers: [], volumes: [], tolerations: [] }),
  'null for lists': inPod({ initContainers: null, volumes: null }),
  'an empty node selector': inPod({ nodeSelector: {} }),
  'null for a node selector': inPod({ nodeSelector: null }),
  'an empty affinity': inPod({ affinity: {} }),
  'null for an affinity': inPod({ affinity: null }),
  'an empty node affinity': inPod({ affinity: { nodeAffinity: {} } }),
  'terms by fields only': terms({
    matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }],
  }),
  'a term that is empty': terms({}),
  'terms without expressions': terms({ matchExpressions: [] }),
  'an expression without values': terms({ matchExpressions: [arch] }),
  'an expression whose values are null': terms({ matchExpressions: [{ ...arch, values: null }] }),
  'an expression that needs no values': terms({
    matchExpressions: [{ ...arch, operator: 'Exists' }],
  }),
  'an expression without an operator': terms({ matchExpressions: [{ key: arch.key }] }),
  'no terms at all': terms(),
  'an empty service account': inPod({ serviceAccountName: '' }),
  'an empty os': inPod({ os: { name: 'linux' } }),
  'null for an os': inPod({ os: null }),
  'null for a security context': inPod({ securityContext: null }),
  'a variable without a value': inContainer({ env: [reference, { name: 'B' }] }),
  'a variable whose value is null': inContainer({ env: [reference, { name: 'B', value: null }] }),
  'a variable with null for its source': inContainer({
    env: [reference, { name: 'B', valueFrom: null }],
  }),
  'a variable with an empty source': inContainer({
    env: [reference, { name: 'B', valueFrom: {} }],
  }),
  'a variable without a name': inContainer({ env: [reference, { value: 'b' }] }),
  'an empty envFrom': inContainer({ envFrom: [] }),
  'null for envFrom': inContainer({ envFrom: null }),
  'an envFrom of nothing': inContainer({ envFrom: [{}] }),
  'empty args': inContainer({ args: [] }),
  'null for args': inContainer({ args: null }),
  'null for mounts': inContainer({ volumeMounts: null }),
  'empty resources': inContainer({ resources: {} }),
  'null in resources': inContainer({ resources: { requests: null, limits: {} } }),
  'an empty pull policy': inContainer({ imagePullPolicy: '' }),
  'null for a pull policy': inContainer({ imagePullPolicy: null }),
  'no image': inContainer({ image: undefined }),
  'an empty image': inContainer({ image: '' }),
  'no image and no command': inContainer({ image: undefined, command: undefined }),
  'no name': inContainer({ name: undefined }),
  'no containers': { containers: [] },
  'null for containers': { containers: null },
};

for (const [what, spec] of Object.entries(specs)) {
  test(`a Pod with ${what} is taken as Kubernetes takes it`, async () => {
    const plain = await create(spec, {});
    const optedIn = await create(spec, { 'piggysec.com/inject': 'true' });
    if (plain.code !== 0) {
      assert.notEqual(optedIn.code, 0);
      assert.equal(withoutPod(optedIn.stderr), withoutPod(plain.stderr));
      return;
    }
    assert.equal(optedIn.code, 0, optedIn.stderr);
    const { spec: stored } = JSON.parse(optedIn.stdout) as Stored;
    assert.deepEqual(stored.containers[0]?.command, ['/piggy/piggy-env']);
  });
}

const resources: Record<string, [resources: object, qosClass: string]> = {
  Guaranteed: [{ limits: { cpu: '100m', memory: '64Mi' } }, 'Guaranteed'],
  Burstable: [{ requests: { cpu: '100m' } }, 'Burstable'],
  BestEffort: [{}, 'BestEffort'],
};

for (const [what, [of, qosClass]] of Object.entries(resources)) {
  test(`a ${what} Pod stays one`, async () => {
    const { code, stdout, stderr } = await create(inContainer({ resources: of }), {
      'piggysec.com/inject': 'true',
    });
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as Stored).status.qosClass, qosClass);
  });
}

test('a Pod whose containers fit into a quota and a limit range fits with its init container', async () => {
  const full = `${namespace}-full`;
  await createNamespace(full);
  const named = { name: 'all', namespace: full };
  const most = {
    'limits.cpu': '100m',
    'limits.memory': '128Mi',
    'requests.cpu': '100m',
    'requests.memory': '128Mi',
  };
  const least = [{ type: 'Container', min: { cpu: '50m', memory: '100Mi' } }];
  await apply(
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: named, spec: { hard: most } },
    { apiVersion: 'v1', kind: 'LimitRange', metadata: named, spec: { limits: least } },
  );
  const of = { limits: { cpu: '100m', memory: '128Mi' } };
  const { code, stderr } = await create(
    inContainer({ resources: of }),
    { 'piggysec.com/inject': 'true' },
    full,
  );
  await deleteNamespace(full);
  assert.equal(code, 0, stderr);
});

test('who writes a reference into the middle of a text is warned', async () => {
  const env = [reference, { name: 'DSN', value: 'pg://app:piggy:DB_PASSWORD@db' }];
  const { code, stderr } = await create(inContainer({ env }), { 'piggysec.com/inject': 'true' });
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^Warning: .*piggy: variable DSN of container app holds "piggy:" in the middle/m,
  );
});

const refused: Record<string, [spec: Spec, annotations: object, RegExp]> = {
  'a secret name that AWS does not take': [
    inPod({}),
    { 'piggysec.com/aws-secret-name': 'shop api' },
    /piggy: annotation piggysec.com\/aws-secret-name must be the name or the ARN of a secret, not "shop api"$/,
  ],
  'a version beside a parameter path': [
    inPod({}),
    { 'piggysec.com/aws-ssm-parameter-path': '/shop', 'piggysec.com/aws-secret-version': 'A' },
    /piggy: annotation piggysec.com\/aws-secret-version does not apply to /,
  ],
  'a volume that has the name of ours': [
    inPod({ volumes: [{ name: 'piggy-token', emptyDir: {} }] }),
    { 'piggysec.com/inject': 'true' },
    /piggy: volume piggy-token has the name of a volume that Piggy adds; rename it$/,
  ],
  'a mount of our token where nothing is injected': [
    {
      containers: [
        container,
        {
          name: 'web',
          image: images.busybox,
          volumeMounts: [{ name: 'piggy-token', mountPath: '/token' }],
        },
      ],
    },
    { 'piggysec.com/inject': 'true' },
    /piggy: container web mounts the volume piggy-env or piggy-token/,
  ],
  'an annotation in capitals': [
    inPod({}),
    { 'Piggysec.com/inject': 'true' },
    /piggy: annotation Piggysec.com\/inject does not exist; write piggysec.com in lower case$/,
  ],
};

for (const [what, [spec, annotations, refusal]] of Object.entries(refused)) {
  test(`${what} is refused in words`, async () => {
    const { code, stderr } = await create(spec, annotations);
    assert.notEqual(code, 0);
    assert.match(stderr.trim(), refusal);
  });
}

test('opting in in a namespace that is left out is refused', async () => {
  const { stderr } = await create(inPod({}), { 'piggysec.com/inject': 'true' }, 'kube-system');
  assert.match(stderr, /piggy: nothing is injected in namespace kube-system/);
});

test('the API server understands every expression of our policies', async () => {
  const path = '--output=jsonpath={.items[*].status.typeChecking.expressionWarnings}';
  assert.equal(await kubectl(['get', 'validatingadmissionpolicies', path]), '');
});

type Stored = {
  readonly spec: { readonly containers: readonly { readonly command?: readonly string[] }[] };
  readonly status: { readonly qosClass: string };
};

/** By the API itself: kubectl would look at the fields first. */
function create(spec: Spec, annotations: object, where: string = namespace) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app', annotations }, spec };
  const path = `/api/v1/namespaces/${where}/pods?dryRun=All&fieldValidation=Ignore`;
  const args = ['create', '--raw', path, '--filename', '-'];
  return capture('kubectl', args, { input: JSON.stringify(pod) });
}

function withoutPod(text: string): string {
  return text.replaceAll(/"?app"?/g, 'app').trim();
}
