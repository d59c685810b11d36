// The main promise: the process of the application has the values; who looks at it through kubectl sees references.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsFromHere } from '../aws.ts';
import { images } from '../images.ts';
import { apply, kubectl } from '../kubectl.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';

const password = 'correct horse battery staple';

const { namespace } = openScenario('values', async (namespace) => {
  const secretsManager = new SecretsManagerClient(await awsFromHere());
  await secretsManager.send(
    new CreateSecretCommand({
      Name: `${namespace}/db`,
      SecretString: JSON.stringify({ DB_PASSWORD: password }),
    }),
  );
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'app',
      namespace,
      annotations: { 'piggysec.com/aws-secret-name': `${namespace}/db` },
    },
    spec: {
      containers: [
        {
          name: 'app',
          image: images.busybox,
          // Of the value, the log gets only what proves that it is there.
          command: ['sh', '-c', 'printf %s "$DB_PASSWORD" | sha256sum; exec sleep infinity'],
          env: [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }],
        },
      ],
    },
  });
});
const inNamespace = `--namespace=${namespace}`;

test('the application has the value in its environment', async () => {
  const logs = await until('the application has written', async () => {
    const text = await kubectl(['logs', 'app', inNamespace]);
    return text.includes('-') ? text : undefined;
  });
  assert.equal(logs.split(' ')[0], createHash('sha256').update(password).digest('hex'));
});

test('a process that kubectl exec starts sees the reference', async () => {
  const variables = await kubectl(['exec', 'app', inNamespace, '--', 'env']);
  assert.ok(variables.split('\n').includes('DB_PASSWORD=piggy:DB_PASSWORD'), variables);
});

test('the launcher is gone: the application is process 1', async () => {
  const command = await kubectl(['exec', 'app', inNamespace, '--', 'cat', '/proc/1/comm']);
  assert.equal(command, 'sleep');
});
