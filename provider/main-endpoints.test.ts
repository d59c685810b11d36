// Where AWS is asked, held against the real process: what the environment says of the endpoints of services reaches the clients.

import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider, type ProviderEnvironment } from './testing/provider-process.ts';

const kubernetes = await startKubernetesApi();
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, files);

after(async () => {
  await Promise.all([kubernetes.stop(), launches.close()]);
  files.remove();
});

async function start(context: TestContext, settings: ProviderEnvironment) {
  const provider = await startProvider({
    ...files.env,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    PIGGY_SECRET_TIMEOUT: '1m',
    ...settings,
  });
  context.after(() => provider.stop());
  return provider;
}

test('Secrets Manager and Parameter Store are each asked at an endpoint of their own', async (context) => {
  const [secrets, parameters] = await Promise.all([startAws(), startAws()]);
  context.after(() => Promise.all([secrets.stop(), parameters.stop()]));
  secrets.putSecret('shop/api', '{"A":"1"}');
  parameters.putParameter({ name: '/shop/api/A', type: 'SecureString', value: '2' });
  const provider = await start(context, {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_SSM: parameters.url,
    PIGGY_ACCESS_DEFAULT: 'allow',
  });
  const secret = await launches.prepare('shop/api').ask(provider.launchUrl);
  assert.deepEqual([secret.code, secret.values['A']], ['ok', '1']);
  const env = { PIGGY_AWS_SECRET_NAME: '', PIGGY_AWS_SSM_PARAMETER_PATH: '/shop/api' };
  const parameter = await launches.prepare('', { env }).ask(provider.launchUrl);
  assert.deepEqual([parameter.code, parameter.values['A']], ['ok', '2']);
  const asked = [secrets, parameters].map(({ requests }) => requests.map(({ target }) => target));
  assert.deepEqual(asked, [['secretsmanager.GetSecretValue'], ['AmazonSSM.GetParametersByPath']]);
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  for (const action of ['secretsmanager:GetSecretValue', 'ssm:GetParametersByPath']) {
    assert.ok(metrics.includes(`piggy_aws_call_duration_seconds_count{action="${action}"} 1`));
  }
});
