// That AWS_USE_FIPS_ENDPOINT reaches every client of AWS: which host a request goes to, without sending it.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describeClient } from './secrets-manager-client.ts';

afterEach(() => {
  delete process.env['AWS_USE_FIPS_ENDPOINT'];
});

/** Its requests end where they would be sent. */
function createConfig(hosts: string[]) {
  const credentials = () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' });
  const timeouts = { connectionTimeoutMs: 1_000, requestTimeoutMs: 1_000 };
  const requestHandler = {
    handle: ({ hostname }: { readonly hostname: string }) => {
      hosts.push(hostname);
      return Promise.reject(new Error('not sent'));
    },
  };
  const config = describeClient({ credentials, ...timeouts }, 'us-east-1');
  return { ...config, requestHandler, maxAttempts: 1 };
}

const services: Record<string, (config: ReturnType<typeof createConfig>) => Promise<unknown>> = {
  secretsmanager: (config) =>
    new SecretsManagerClient(config).send(new GetSecretValueCommand({ SecretId: 'shop/api' })),
  ssm: (config) => new SSMClient(config).send(new GetParametersByPathCommand({ Path: '/' })),
  sts: (config) => new STSClient(config).send(new GetCallerIdentityCommand({})),
};

async function hostsOf(ask: (typeof services)[string]): Promise<string[]> {
  const hosts: string[] = [];
  await assert.rejects(ask(createConfig(hosts)), /not sent/);
  return hosts;
}

for (const [service, ask] of Object.entries(services)) {
  test(`${service} is asked at its FIPS endpoint where that is set`, async () => {
    process.env['AWS_USE_FIPS_ENDPOINT'] = 'true';
    assert.deepEqual(await hostsOf(ask), [`${service}-fips.us-east-1.amazonaws.com`]);
  });

  test(`${service} is asked at its ordinary endpoint otherwise`, async () => {
    assert.deepEqual(await hostsOf(ask), [`${service}.us-east-1.amazonaws.com`]);
  });
}
