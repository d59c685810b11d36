// Containers with several sources, in the real process: how often AWS is asked, and what the log says of each.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';

const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, { ...files, connections: 25 });
const provider = await startProvider({
  ...files.env,
  AWS_REGION: 'eu-west-1',
  AWS_ENDPOINT_URL: aws.url,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  // A busy machine is no reason to fail, nor to ask AWS again.
  PIGGY_SECRET_TIMEOUT: '1m',
  PIGGY_SECRET_CACHE: '5m',
});
aws.putSecret('shop/api', '{"A":"1"}');
aws.putSecret('shop/db', '{"A":"2"}');
aws.putSecret('shop/listed', '{"A":"3","PIGGY_ALLOWED_SA":"shop:web"}');
aws.putParameter({ name: '/shop/url', type: 'String', value: '4' });
aws.putParameter({ name: '/shop/port', type: 'String', value: '5' });

afterEach(() => {
  aws.requests.length = 0;
});
after(async () => {
  await provider.stop();
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
});

/** A Pod whose references, beside A, these are. */
function prepare(texts: readonly string[], name?: string) {
  const env = Object.fromEntries(texts.map((text, at) => [`V${at}`, `piggy:${text}`]));
  const references = ['A', ...texts.map((reference) => ({ reference }))];
  return launches.prepare('shop/api', {
    ...(name === undefined ? {} : { name }),
    env,
    body: { references },
  });
}

const several = ['secret:shop/db#A', 'parameter:/shop/url', 'parameter:/shop/port?optional'];

test('Pods that start at once on several sources cost AWS one question for each secret, and one for their parameters', async () => {
  const prepared = Array.from({ length: 100 }, () => prepare(several));
  const answers = await Promise.all(
    prepared.map((launch) => launch.askPatiently(provider.launchUrl)),
  );
  const expected = {
    A: '1',
    'secret:shop/db#A': '2',
    'parameter:/shop/url': '4',
    'parameter:/shop/port?optional': '5',
  };
  for (const { values } of answers) assert.deepEqual(values, expected);
  const asked = aws.requests.map(
    ({ target, input }) => `${target} ${String(input['SecretId'] ?? input['Names'])}`,
  );
  assert.deepEqual(asked.sort(), [
    'AmazonSSM.GetParameters /shop/port,/shop/PIGGY_ALLOWED_SA,/shop/url',
    'secretsmanager.GetSecretValue shop/api',
    'secretsmanager.GetSecretValue shop/db',
  ]);
});

test('the line of a launch says each source, and the rule that allowed it', async () => {
  const { ask } = prepare(several, 'logged');
  assert.equal((await ask(provider.launchUrl)).code, 'ok');
  const line = await provider.line(({ pod }) => pod === 'logged');
  const by = { region: 'eu-west-1', rule: 'default namespace' };
  assert.deepEqual(line['sources'], [
    { secretId: 'shop/api', secretVersion: 'AWSCURRENT', ...by },
    { secretId: 'shop/db', secretVersion: 'AWSCURRENT', ...by },
    { parameter: '/shop/url', ...by },
    { parameter: '/shop/port', ...by },
  ]);
  assert.deepEqual(line['keys'], ['A', ...several]);
});

test('what one service account got out of the cache, another one is refused by the list of that one source', async () => {
  const { ask } = prepare(['secret:shop/db#A', 'secret:shop/listed#A'], 'refused');
  const { code, message } = await ask(provider.launchUrl);
  assert.equal(code, 'service_account_not_allowed');
  assert.match(
    message,
    /^piggy:secret:shop\/listed#A: secret shop\/listed does not allow shop:api/,
  );
  const line = await provider.line(({ pod }) => pod === 'refused');
  assert.deepEqual([line['decision'], line['check']], ['denied', 9]);
});
