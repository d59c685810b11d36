// Init containers, native sidecars and several containers get their values alike; so does what a ConfigMap brings in at
// each start, and what the kubelet would have expanded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { images } from '../images.ts';
import { apply, type KubernetesObject, kubectl } from '../kubectl.ts';
import { podOf, statusOf, telling, told } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';
import { tells } from '../tells.ts';

const secret = { DB_USER: canary(), DB_PASSWORD: canary() };
const reference = { DB_PASSWORD: 'piggy:DB_PASSWORD' };
const env = [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }];
const dsn = 'pg://$(DB_PASSWORD)@db/$$(DB_PASSWORD)';

const { namespace } = openScenario('containers', async (namespace) => {
  await createSecret(`${namespace}/db`, secret);
  const annotations = { 'aws-secret-name': `${namespace}/db` };
  const spec = {
    initContainers: [
      telling('first', reference, 0),
      { ...telling('sidecar', reference), restartPolicy: 'Always' },
    ],
    containers: [
      telling('one', reference),
      telling('two', { USER: 'piggy:DB_USER' }),
      {
        name: 'expanding',
        image: images.busybox,
        command: tells(['DSN']),
        env: [...env, { name: 'DSN', value: dsn }],
      },
      {
        name: 'in-args',
        image: images.busybox,
        command: ['sh', '-c', 'printf %s "$0" | sha256sum; echo told; exec sleep infinity'],
        args: ['$(DB_PASSWORD)-$$(DB_PASSWORD)-$(UNKNOWN)-$'],
        env,
      },
    ],
  };
  // It ends as soon as it has told, to be started again.
  const restarted = {
    ...telling('app', {}),
    command: tells(['VALUE'], 1),
    env: [],
    envFrom: [{ configMapRef: { name: 'settings' } }],
  };
  await apply(
    settings(namespace, 'piggy:DB_USER'),
    podOf({ name: 'many', namespace, annotations, spec }),
    podOf({ name: 'restarted', namespace, annotations, spec: { containers: [restarted] } }),
  );
});

const expected: Record<string, [container: string, hashes: Record<string, string>]> = {
  'an init container': ['first', { DB_PASSWORD: hashOf(secret.DB_PASSWORD) }],
  'a native sidecar': ['sidecar', { DB_PASSWORD: hashOf(secret.DB_PASSWORD) }],
  'one of several containers': ['one', { DB_PASSWORD: hashOf(secret.DB_PASSWORD) }],
  'another one with a reference of its own': ['two', { USER: hashOf(secret.DB_USER) }],
  'a variable that is made of another one': [
    'expanding',
    { DSN: hashOf(`pg://${secret.DB_PASSWORD}@db/$(DB_PASSWORD)`) },
  ],
};

for (const [what, [container, hashes]] of Object.entries(expected)) {
  test(`${what} has its value`, async () => {
    assert.deepEqual(await told({ pod: 'many', container, namespace }), hashes);
  });
}

test('$(VAR) in args holds the value, as the kubelet would have put it there', async () => {
  const args = `${secret.DB_PASSWORD}-$(DB_PASSWORD)-$(UNKNOWN)-$`;
  const logs = await until('the container has told', async () => {
    const text = await kubectl(['logs', 'many', '--container=in-args', `--namespace=${namespace}`]);
    return text.includes('told') ? text : undefined;
  });
  assert.equal(logs.split(' ')[0], hashOf(args));
});

test('a reference in a ConfigMap that changes counts from the next start on', async () => {
  const container = { pod: 'restarted', container: 'app', namespace };
  assert.deepEqual(await told(container), { VALUE: hashOf(secret.DB_USER) });
  await apply(settings(namespace, 'piggy:DB_PASSWORD'));
  const { restartCount } = await statusOf(container, 'has run', () => true);
  await statusOf(container, 'ran again', (status) => status.restartCount > restartCount + 1);
  assert.deepEqual(await told(container, { previous: true }), {
    VALUE: hashOf(secret.DB_PASSWORD),
  });
});

function settings(namespace: string, VALUE: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace },
    data: { VALUE },
  };
}
