// Where values come from: Secrets Manager by name, default name, version stage and version id, and Parameter Store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, type KubernetesObject } from '../kubectl.ts';
import { podOf, telling, told } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf, putParameter, putSecretValue } from '../secrets.ts';

const values = { first: canary(), second: canary(), staged: canary() };
// More than AWS puts on one page.
const parameters = Object.fromEntries(
  Array.from({ length: 23 }, (_, index) => [`KEY_${index}`, canary()]),
);
const reference = { DB_PASSWORD: 'piggy:DB_PASSWORD' };

const { namespace } = openScenario('sources', async (namespace) => {
  const name = `${namespace}/shop`;
  await createSecret(name, { DB_PASSWORD: values.first });
  const staged = { DB_PASSWORD: values.staged };
  await putSecretValue(name, staged, ['NEXT']);
  const id = await putSecretValue(name, { DB_PASSWORD: 'between' });
  await putSecretValue(name, { DB_PASSWORD: values.second });
  await createSecret(`${namespace}/api`, { DB_PASSWORD: values.first });
  for (const [key, value] of Object.entries(parameters)) {
    await putParameter(`/${namespace}/deep/${key}`, value);
  }
  const keys = Object.keys(parameters).map((key) => [key, `piggy:${key}`]);
  await apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'api', namespace } },
    pod('current', { 'aws-secret-name': name }),
    pod('stage', { 'aws-secret-name': name, 'aws-secret-version': 'NEXT' }),
    pod('id', { 'aws-secret-name': name, 'aws-secret-version': id }),
    pod('default-name', { inject: 'true' }, { serviceAccountName: 'api' }),
    podOf({
      name: 'parameters',
      namespace,
      annotations: { 'aws-ssm-parameter-path': `/${namespace}` },
      spec: { containers: [telling('app', Object.fromEntries(keys) as Record<string, string>)] },
    }),
  );
});

const expected: Record<string, [pod: string, value: string]> = {
  'a secret by its name, in its current version': ['current', values.second],
  'a secret in the version of a stage': ['stage', values.staged],
  'a secret in the version of an id': ['id', 'between'],
  'the secret named after namespace and service account': ['default-name', values.first],
};

for (const [what, [name, value]] of Object.entries(expected)) {
  test(what, async () => {
    assert.deepEqual(await told({ pod: name, container: 'app', namespace }), {
      DB_PASSWORD: hashOf(value),
    });
  });
}

test('every parameter below a path, of more than one page', async () => {
  const hashes = Object.entries(parameters).map(([key, value]) => [key, hashOf(value)]);
  assert.deepEqual(
    await told({ pod: 'parameters', container: 'app', namespace }),
    Object.fromEntries(hashes),
  );
});

function pod(
  name: string,
  annotations: Readonly<Record<string, string>>,
  spec: object = {},
): KubernetesObject {
  return podOf({
    name,
    namespace,
    annotations,
    spec: { ...spec, containers: [telling('app', reference)] },
  });
}
