// Where the namespace prescribes uids, as on OpenShift, injected Pods and the provider run with one of its range and nothing else of
// theirs is refused. The rules are those of the SCC restricted-v2, by a stand-in.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createHelm, parseManifests } from '../../tools/helm.ts';
import { installation } from '../chart.ts';
import { apply, kubectl, refusalOf } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { podOf, readPod, telling, told } from '../pods.ts';
import { enforceRestrictedV2, firstUid, removeRestrictedV2 } from '../restricted-v2.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();
const app = telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' });
const inPiggy = `--namespace=${installation.namespace}`;
const create = ['create', '--dry-run=server', '--filename', '-'];

const { namespace } = openScenario('uids', async (namespace) => {
  await createSecret(`${namespace}/default`, { DB_PASSWORD: password });
  await enforceRestrictedV2(namespace, installation.namespace);
  await installPiggy({ openshift: { enabled: true } });
});

after(removeRestrictedV2);

const ownUid = firstUid + 7;
const runs: Record<string, [of: { pod?: object; container?: object }, init: number, app: number]> =
  {
    'names-no-uid': [{}, firstUid, firstUid],
    'names-its-uid': [{ pod: { runAsUser: ownUid } }, ownUid, ownUid],
    'names-the-uid-of-its-container': [{ container: { runAsUser: ownUid } }, firstUid, ownUid],
  };

for (const [name, [of, init, ofApp]] of Object.entries(runs)) {
  test(`a Pod that ${name.replaceAll('-', ' ')} has its value, and its containers keep to the range`, async () => {
    await apply(podWith(name, of));
    const variables = await told({ pod: name, container: 'app', namespace });
    assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
    const { spec } = (await readPod(name, namespace)) as unknown as { spec: Spec };
    assert.deepEqual(uidsOf(spec), { 'install-piggy-env': init, app: ofApp });
  });
}

test('a uid out of the range is refused', async () => {
  const pod = podWith('stranger', { container: { runAsUser: 65_532 } });
  const refusal = await refusalOf(create, JSON.stringify(pod));
  assert.match(refusal, /container app: runAsUser 65532 must be in the range/);
});

test('the replicas of the provider, which answered, run with a uid of the range', async () => {
  const path = '--output=jsonpath={.items[*].spec.containers[*].securityContext.runAsUser}';
  const uids = await kubectl(['get', 'pods', inPiggy, path]);
  assert.deepEqual(uids, `${firstUid} ${firstUid}`);
});

for (const what of ['Deployment', 'Pod'] as const) {
  test(`the ${what} of the chart keeps the rules with openshift.enabled, and would not without`, async () => {
    await kubectl(create, JSON.stringify(await podOfChart(what, { enabled: true })));
    const refusal = await refusalOf(create, JSON.stringify(await podOfChart(what, {})));
    assert.match(refusal, /runAsUser 65532 must be in the range/);
  });
}

/** A Pod as the chart makes it with these values, under another name. */
async function podOfChart(what: 'Deployment' | 'Pod', openshift: object): Promise<object> {
  const rendered = await (await createHelm()).render({ values: { openshift } });
  const found = parseManifests(rendered).find(({ kind }) => kind === what) ?? assert.fail();
  const { template } = found['spec'] as { template?: object };
  const metadata = { name: 'probe', namespace: installation.namespace };
  return { apiVersion: 'v1', kind: 'Pod', ...(template ?? { spec: found['spec'] }), metadata };
}

type Container = {
  readonly name: string;
  readonly securityContext?: { readonly runAsUser?: number };
};
type Spec = {
  readonly securityContext?: { readonly runAsUser?: number };
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
};

/** As whom each container runs: as it says itself, or as the Pod does. */
function uidsOf({ securityContext, initContainers, containers }: Spec): Record<string, unknown> {
  return Object.fromEntries(
    [...initContainers, ...containers].map(({ name, securityContext: own }) => [
      name,
      own?.runAsUser ?? securityContext?.runAsUser,
    ]),
  );
}

function podWith(name: string, { pod, container }: { pod?: object; container?: object }) {
  return podOf({
    name,
    namespace,
    annotations: { inject: 'true' },
    spec: { securityContext: pod, containers: [{ ...app, securityContext: container }] },
  });
}
