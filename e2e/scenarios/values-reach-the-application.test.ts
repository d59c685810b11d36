// The main promise: the process of the application has the values, and they are nowhere else. Who looks at it through
// kubectl sees references; etcd, logs, descriptions and events hold none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, kubectl, rolledOut } from '../kubectl.ts';
import { telling, told, withPrefix } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { placesWith, whatKubernetesTells } from '../search.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();
const labels = { app: 'shop' };

const { namespace } = openScenario('values', async (namespace) => {
  await createSecret(`${namespace}/db`, { DB_PASSWORD: password });
  const annotations = withPrefix({ 'aws-secret-name': `${namespace}/db` });
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' })];
  await apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations },
        spec: { containers, terminationGracePeriodSeconds: 1 },
      },
    },
  });
  await rolledOut('deployment/shop', namespace);
});
const inNamespace = `--namespace=${namespace}`;

test('the application of a Deployment has the value in its environment', async () => {
  const variables = await told({ pod: 'deployment/shop', container: 'app', namespace });
  assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
});

test('a process that kubectl exec starts sees the reference', async () => {
  const variables = await exec('env');
  assert.ok(variables.split('\n').includes('DB_PASSWORD=piggy:DB_PASSWORD'), variables);
});

test('the launcher is gone: the application is process 1', async () => {
  assert.equal(await exec('cat', '/proc/1/comm'), 'sleep');
});

test('neither etcd nor any log of the node holds the value, plain or in base64', async () => {
  // What is there is found.
  assert.deepEqual(await placesWith(namespace), [
    'etcd',
    'container logs',
    'container specs',
    'journal',
  ]);
  assert.deepEqual(await placesWith(password), []);
  assert.deepEqual(await placesWith(Buffer.from(password).toString('base64')), []);
});

test('nothing that Kubernetes tells shows the value', async () => {
  const text = await whatKubernetesTells(namespace);
  assert.ok(text.includes('piggy:DB_PASSWORD'));
  assert.ok(!text.includes(password));
});

function exec(...command: string[]): Promise<string> {
  return kubectl(['exec', 'deployment/shop', inNamespace, '--', ...command]);
}
