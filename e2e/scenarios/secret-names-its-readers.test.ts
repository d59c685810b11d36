// PIGGY_ALLOWED_SA: a secret that names its readers is given to no other, and whoever looks at the Pod reads why.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, kubectl } from '../kubectl.ts';
import { podOf, statusOf, telling, told } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();

const { namespace } = openScenario('readers', async (namespace) => {
  await createSecret(`${namespace}/db`, {
    DB_PASSWORD: password,
    PIGGY_ALLOWED_SA: `${namespace}:api, elsewhere:default`,
  });
  const annotations = { 'aws-secret-name': `${namespace}/db` };
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' })];
  await apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'api', namespace } },
    podOf({
      name: 'named',
      namespace,
      annotations,
      spec: { containers, serviceAccountName: 'api' },
    }),
    podOf({ name: 'other', namespace, annotations, spec: { containers, restartPolicy: 'Never' } }),
  );
});

test('a service account that the secret names gets the value', async () => {
  const variables = await told({ pod: 'named', container: 'app', namespace });
  assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
});

test('the container of any other ends with 125, and kubectl describe shows why', async () => {
  const ended = await statusOf(
    { pod: 'other', container: 'app', namespace },
    'has ended',
    ({ state }) => state.terminated !== undefined,
  );
  assert.equal(ended.state.terminated?.exitCode, 125);
  const description = await kubectl(['describe', 'pod', 'other', `--namespace=${namespace}`]);
  assert.match(description, /piggy-env: .*403 service_account_not_allowed: .*PIGGY_ALLOWED_SA/);
});

test('an Event on the Pod says so, too', async () => {
  const event = await until('the Event is there', async () => {
    const selector = '--field-selector=involvedObject.name=other,reason=ServiceAccountNotAllowed';
    const columns = '--output=jsonpath={.items[*].type} {.items[*].message}';
    const said = await kubectl(['get', 'events', selector, columns, `--namespace=${namespace}`]);
    return said.trim() === '' ? undefined : said;
  });
  assert.match(event, /^Warning .*PIGGY_ALLOWED_SA/);
});
