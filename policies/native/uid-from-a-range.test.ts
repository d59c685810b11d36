// Holds native/inject-secrets to a namespace that prescribes uids: with e2e/stand-ins/restricted-v2.yaml in OpenShift's place, a Pod
// that names no uid is injected and gets all of them from the range, and one that names its own keeps it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../../e2e/poll.ts';
import { kubernetesProgram, newestKubernetes } from '../../tools/kubernetes.ts';
import type { Pod } from '../../tools/kyverno-cli.ts';
import {
  applyPolicies,
  type NativeAdmission,
  startNativeAdmission,
} from '../testing/native-admission.ts';

const FIRST = 1_000_660_000;

let admission: NativeAdmission;
before(async () => {
  const program = await kubernetesProgram(newestKubernetes(), console.error);
  admission = await startNativeAdmission(program);
  const metadata = {
    name: 'shop',
    labels: { 'e2e-scc': 'restricted-v2' },
    annotations: { 'openshift.io/sa.scc.uid-range': `${FIRST}/10000` },
  };
  await admission.ask('PUT', '/api/v1/namespaces/shop', { metadata });
  await applyPolicies(admission, '../e2e/stand-ins/restricted-v2');
  await until('the stand-in is in force', async () => {
    const { refusal } = await admission.admit(podWith({ runAsUser: 65_532 }, {}));
    return refusal?.includes('restricted-v2') === true ? true : undefined;
  });
});
after(() => admission.stop());

/** What the Pod and its container name → whom the Pod, its init container and its container then run as. */
const admitted: Record<string, [pod: object, container: object, uids: object]> = {
  'a Pod that names no uid': [{}, {}, { pod: undefined, init: FIRST, app: FIRST }],
  'a Pod that names its own': [
    { runAsUser: FIRST + 7 },
    {},
    { pod: FIRST + 7, init: undefined, app: undefined },
  ],
  'a Pod whose container names its own': [
    {},
    { runAsUser: FIRST + 7 },
    { pod: undefined, init: FIRST, app: FIRST + 7 },
  ],
};

for (const [what, [pod, container, expected]] of Object.entries(admitted)) {
  test(`${what} is injected and stays in the range`, async () => {
    const { pod: injected, refusal } = await admission.admit(podWith(pod, container));
    assert.equal(refusal, undefined);
    const { securityContext, initContainers, containers } = injected['spec'] as Spec;
    const [init] = initContainers;
    const [app] = containers;
    assert.equal(init?.name, 'install-piggy-env');
    const uids = {
      pod: securityContext?.runAsUser,
      init: init.securityContext?.runAsUser,
      app: app?.securityContext?.runAsUser,
    };
    assert.deepEqual(uids, expected);
  });
}

test('a uid out of the range is refused', async () => {
  const { refusal } = await admission.admit(podWith({}, { runAsUser: 65_532 }));
  assert.equal(
    refusal,
    `restricted-v2: container app: runAsUser 65532 must be in the range ${FIRST}/10000`,
  );
});

type Container = {
  readonly name: string;
  readonly securityContext?: { readonly runAsUser?: number };
};
type Spec = Pick<Container, 'securityContext'> & {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
};

function podWith(ofPod: object, ofContainer: object): Pod {
  const env = [{ name: 'A', value: 'piggy:A' }];
  const app = { name: 'app', image: 'app:v1', command: ['app'], env };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'pod',
      namespace: 'shop',
      annotations: { 'piggysec.com/inject': 'true' },
    },
    spec: { securityContext: ofPod, containers: [{ ...app, securityContext: ofContainer }] },
  };
}
