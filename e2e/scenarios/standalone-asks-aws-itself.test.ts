// Standalone mode: the launcher takes the role of the Pod's service account by its web-identity token and asks AWS itself;
// the provider is not needed to start.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { withRole } from '../irsa.ts';
import { apply } from '../kubectl.ts';
import { bringBack, provider, takeDown } from '../outages.ts';
import { podOf, telling, told } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();

const { namespace } = openScenario('standalone', (namespace) =>
  createSecret(`${namespace}/default`, { DB_PASSWORD: password }),
);

after(() => bringBack(provider, 2));

test('a standalone Pod gets its values with its own role while the provider is down', async () => {
  await takeDown(provider);
  const app = telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' });
  const spec = withRole({ containers: [app] });
  await apply(podOf({ name: 'app', namespace, annotations: { standalone: 'true' }, spec }));
  const variables = await told({ pod: 'app', container: 'app', namespace });
  assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
});
