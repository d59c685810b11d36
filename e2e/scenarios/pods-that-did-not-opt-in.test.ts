// Whoever does not use Piggy does not notice it: the API server itself keeps such Pods from Kyverno, and they start as
// they were written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { images } from '../images.ts';
import { apply, dryRun, type KubernetesObject, kubectl } from '../kubectl.ts';
import { admissionsByKyverno } from '../metrics.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';

const { namespace } = openScenario('did-not-opt-in');

const notOptedIn: Record<string, Readonly<Record<string, string>>> = {
  'without annotations': {},
  'with annotations of others': { 'example.com/team': 'shop' },
  'that opted out': { 'piggysec.com/inject': 'false', 'piggysec.com/aws-secret-name': 'shop/db' },
};

for (const [what, annotations] of Object.entries(notOptedIn)) {
  test(`a Pod ${what} is never sent to Kyverno, and starts as it was written`, async () => {
    const name = what.replaceAll(' ', '-');
    const before = await admissionsByKyverno();
    await apply(pod(name, annotations));
    const logs = await until('the Pod has run', async () => {
      const args = [
        'get',
        'pod',
        name,
        `--namespace=${namespace}`,
        '--output=jsonpath={.status.phase}',
      ];
      if ((await kubectl(args)) !== 'Succeeded') return undefined;
      return kubectl(['logs', name, `--namespace=${namespace}`]);
    });
    assert.equal(logs, 'piggy:DB_PASSWORD');
    const args = ['get', 'pod', name, `--namespace=${namespace}`, '--output=json'];
    const stored = JSON.parse(await kubectl(args)) as KubernetesObject;
    assert.partialDeepStrictEqual(stored['spec'], pod(name, annotations)['spec']);
    assert.deepEqual(stored.metadata.annotations ?? {}, annotations);
    assert.equal(await admissionsByKyverno(), before);
  });
}

test('a Pod that opted in is sent to Kyverno once', async () => {
  const before = await admissionsByKyverno();
  await dryRun(pod('opted-in', { 'piggysec.com/inject': 'true' }));
  // Kyverno counts when it has answered.
  const counted = await until('Kyverno has counted it', async () => {
    const now = await admissionsByKyverno();
    return now > before ? now : undefined;
  });
  assert.equal(counted, before + 1);
});

function pod(name: string, annotations: Readonly<Record<string, string>>): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, annotations },
    spec: {
      restartPolicy: 'Never',
      containers: [
        {
          name: 'app',
          image: images.busybox,
          command: ['sh', '-c', 'echo "$DB_PASSWORD"'],
          env: [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }],
        },
      ],
    },
  };
}
