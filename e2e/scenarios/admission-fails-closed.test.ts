// While a part of admission is down, no Pod that opted in starts with its references as they are; Pods that need nothing of
// that part are admitted as ever.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { images } from '../images.ts';
import { dryRun, kubectl, type KubernetesObject, refusalOf } from '../kubectl.ts';
import { bringBack, kyverno, provider, takeDown } from '../outages.ts';
import { type Pod, podOf } from '../pods.ts';
import { policiesAreInForce } from '../policies.ts';
import { openScenario } from '../scenario.ts';

const { namespace } = openScenario('fails-closed');

describe('while the provider is down', () => {
  before(() => takeDown(provider));
  after(() => bringBack(provider, 2));

  test('a Pod that says its command is injected', async () => {
    const { spec } = (await dryRun(pod({ command: ['true'] }))) as Pod;
    assert.deepEqual(spec.containers[0]?.args, ['--', 'true']);
  });

  test('a Pod whose command its image says is refused with the reason', async () => {
    const refusal = await refusalOf(create, JSON.stringify(pod({})));
    assert.match(refusal, /Post "http:\/\/piggy.piggy-system.svc:\d+\/.*connection refused/);
  });
});

/** What the policy reads in Piggy's namespace → what the author reads where it is missing. */
const missing: Record<string, RegExp> = {
  'configmap/piggy':
    /piggy: the ConfigMap piggy-system\/piggy is missing or empty; is Piggy installed/,
  'configmap/piggy-ca':
    /piggy: the ConfigMap piggy-system\/piggy-ca is missing or has no ca.crt; is the/,
  'secret/piggy-admission':
    /piggy: the Secret piggy-system\/piggy-admission is missing or has no key; is/,
};

describe('while something of the installation is missing, and nobody makes it again', () => {
  const inNamespace = ['--namespace', 'piggy-system'];
  before(() => takeDown(provider));
  after(() => bringBack(provider, 2));

  for (const [object, expected] of Object.entries(missing)) {
    test(`without ${object} a Pod that opted in is refused with its name`, async () => {
      const text = await kubectl(['get', object, ...inNamespace, '--output=json']);
      const { apiVersion, kind, metadata, ...rest } = JSON.parse(text) as KubernetesObject;
      const { name, labels = {}, annotations = {} } = metadata;
      await kubectl(['delete', object, ...inNamespace]);
      const refusal = await refusalOf(create, JSON.stringify(pod({})));
      const back = { name, labels, annotations, namespace: 'piggy-system' };
      await kubectl(
        ['create', '--filename', '-'],
        JSON.stringify({ apiVersion, kind, ...rest, metadata: back }),
      );
      assert.match(refusal, expected);
    });
  }
});

describe('while Kyverno is down', () => {
  before(() => takeDown(kyverno));
  after(async () => {
    await bringBack(kyverno, 1);
    await policiesAreInForce();
  });

  test('a Pod that opted in is refused', async () => {
    const refusal = await refusalOf(create, JSON.stringify(pod({ command: ['true'] })));
    assert.match(refusal, /failed calling webhook "mpol.*inject-secrets|was not injected/);
  });

  test('a Pod that did not is admitted as it is', async () => {
    const { spec } = (await dryRun(pod({ command: ['true'] }, {}))) as Pod;
    assert.deepEqual(spec.containers[0]?.command, ['true']);
  });
});

test('a Pod that opted in is injected again when all are back', async () => {
  const { spec } = (await dryRun(pod({ command: ['true'] }))) as Pod;
  assert.deepEqual(spec.containers[0]?.command, ['/piggy/piggy-env']);
});

const create = ['create', '--dry-run=server', '--filename', '-'];

function pod(
  container: object,
  annotations: Readonly<Record<string, string>> = { inject: 'true' },
): KubernetesObject {
  const env = [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }];
  const containers = [{ name: 'app', image: images.busybox, env, ...container }];
  return podOf({ name: 'app', namespace, annotations, spec: { containers } });
}
