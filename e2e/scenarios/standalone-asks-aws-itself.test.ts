// Standalone mode: the launcher takes the role of the Pod's service account by its web-identity token and asks AWS itself;
// the provider is not needed to start.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { awsEndpoint, awsRegion } from '../aws.ts';
import { apply } from '../kubectl.ts';
import { bringBack, provider, takeDown } from '../outages.ts';
import { podOf, telling, told } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();
const tokenFolder = '/var/run/secrets/eks.amazonaws.com/serviceaccount';

const { namespace } = openScenario('standalone', (namespace) =>
  createSecret(`${namespace}/default`, { DB_PASSWORD: password }),
);

after(() => bringBack(provider, 2));

test('a standalone Pod gets its values with its own role while the provider is down', async () => {
  await takeDown(provider);
  const app = telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' });
  // As Amazon's webhook writes it into Pods with a role.
  const irsa = {
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/shop',
    AWS_WEB_IDENTITY_TOKEN_FILE: `${tokenFolder}/token`,
    AWS_REGION: awsRegion,
    AWS_ENDPOINT_URL: awsEndpoint,
  };
  const env = [...app.env, ...Object.entries(irsa).map(([name, value]) => ({ name, value }))];
  const volumeMounts = [{ name: 'aws-iam-token', mountPath: tokenFolder, readOnly: true }];
  const token = { serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } };
  const spec = {
    containers: [{ ...app, env, volumeMounts }],
    volumes: [{ name: 'aws-iam-token', projected: { sources: [token] } }],
  };
  await apply(podOf({ name: 'app', namespace, annotations: { standalone: 'true' }, spec }));
  const variables = await told({ pod: 'app', container: 'app', namespace });
  assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
});
