// `engine: native`: the API server itself injects, without Kyverno, and each container has a token of its own, by which the
// provider tells it from the others of its Pod.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askForSecret, replicas, tokenOf } from '../ask-for-secret.ts';
import { images } from '../images.ts';
import { apply, dryRun, type KubernetesObject, kubectl, refusalOf } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { type Pod, podOf, readPod, statusOf, telling, told } from '../pods.ts';
import { injectionIsGone } from '../policies.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const secret = { DB_USER: canary(), DB_PASSWORD: canary() };
const reference = { DB_PASSWORD: 'piggy:DB_PASSWORD' };
const password = { DB_PASSWORD: hashOf(secret.DB_PASSWORD) };
const references = ['DB_PASSWORD'];

const { namespace } = openScenario('native', async (namespace) => {
  await createSecret(`${namespace}/db`, secret);
  await installPiggy({ engine: 'native' });
  // Kyverno takes its webhook away a moment after its policy is gone.
  await injectionIsGone();
  const spec = {
    initContainers: [
      telling('first', reference, 0),
      { ...telling('sidecar', reference), restartPolicy: 'Always' },
    ],
    containers: [telling('one', reference), telling('two', { USER: 'piggy:DB_USER' })],
  };
  // Its launcher waits before it asks, so that all of its window is left to others.
  const waits = { ...annotations(namespace), 'piggy-initial-delay': '10m' };
  const pair = { containers: [telling('one', reference), telling('two', reference)] };
  await apply(
    podOf({ name: 'many', namespace, annotations: annotations(namespace), spec }),
    podOf({ name: 'late', namespace, annotations: waits, spec: pair }),
    podOf({ name: 'stranger', namespace, spec: { containers: [telling('app', reference)] } }),
    deployment(namespace),
  );
});

const expected: Record<string, [container: string, hashes: Record<string, string>]> = {
  'an init container': ['first', password],
  'a native sidecar': ['sidecar', password],
  'one of several containers': ['one', password],
  'another one with a reference of its own': ['two', { USER: hashOf(secret.DB_USER) }],
};

for (const [what, [container, hashes]] of Object.entries(expected)) {
  test(`${what} has its value`, async () => {
    assert.deepEqual(await told({ pod: 'many', container, namespace }), hashes);
  });
}

test('the Pods of a Deployment have their values', async () => {
  const pod = { pod: 'deployment/web', container: 'app', namespace };
  assert.deepEqual(await told(pod), password);
});

test('a Pod that did not opt in stays as it is', async () => {
  const pod = { pod: 'stranger', container: 'app', namespace };
  assert.deepEqual(await told(pod), { DB_PASSWORD: hashOf(reference.DB_PASSWORD) });
  const { spec } = await readPod('stranger', namespace);
  assert.equal(spec.initContainers, undefined);
});

test('no webhook takes part', async () => {
  const webhooks = await kubectl(['get', 'mutatingwebhookconfigurations', '--output=json']);
  assert.doesNotMatch(webhooks, /inject-secrets/);
});

test('an image that says itself what it runs is refused, in words that tell what to do', async () => {
  const app = { ...telling('app', reference), command: undefined };
  const pod = podOf({
    name: 'silent',
    namespace,
    annotations: annotations(namespace),
    spec: { containers: [app] },
  });
  const create = ['create', '--dry-run=server', '--filename', '-'];
  const refusal = `piggy: image ${images.busybox}: container app does not say what it runs, and the API server asks no registry; set command`;
  const said = await refusalOf(create, JSON.stringify(pod));
  assert.ok(said.includes(refusal), said);
});

test('each container has a token of its own', async () => {
  const tokens = ['piggysec.com/one', 'piggysec.com/two'];
  const { spec } = (await dryRun(
    podOf({
      name: 'probe',
      namespace,
      annotations: annotations(namespace),
      spec: { containers: [telling('one', reference), telling('two', reference)] },
    }),
  )) as Pod;
  const audiences = JSON.stringify(spec.volumes).matchAll(/"audience":"([^"]+)"/g);
  assert.deepEqual(
    [...audiences].map(([, audience]) => audience),
    tokens,
  );
});

test('a container that asks in the name of another gets nothing: not_injected', async () => {
  const isRunning = ({ state }: { state: { running?: object } }) => state.running !== undefined;
  for (const container of ['one', 'two']) {
    await statusOf({ pod: 'late', container, namespace }, 'runs', isRunning);
  }
  const token = await tokenOf('late', 'one', namespace);
  const [replica = ''] = await replicas();
  const ask = (uid: string) => askForSecret({ token, uid, references }, replica);
  assert.equal(await ask('two'), '403 not_injected');
  // By its own name it comes as far as the check of its signature, which is not sent here.
  assert.equal(await ask('one'), '403 signature_mismatch');
});

function annotations(namespace: string) {
  return { 'aws-secret-name': `${namespace}/db` };
}

function deployment(namespace: string): KubernetesObject {
  const labels = { app: 'web' };
  const template = {
    metadata: { labels, annotations: { 'piggysec.com/aws-secret-name': `${namespace}/db` } },
    spec: { terminationGracePeriodSeconds: 1, containers: [telling('app', reference)] },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  };
}
