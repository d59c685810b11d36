// The whole way of a secret through the real process: every refusal of the secret endpoint with its code, what happens when
// AWS or Kubernetes do not answer, and that the value is nowhere but in the answer.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, afterEach, test } from 'node:test';
import { signArgv } from './launches/signature.ts';
import { startAws } from './testing/aws.ts';
import { injectedPod, type InjectedPodOptions } from './testing/injected-pod.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches, type LaunchAnswer, type LaunchOptions } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider, type ProviderEnvironment } from './testing/provider-process.ts';

const canary = `canary-${randomBytes(8).toString('hex')}`;
const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const env = {
  ...files.env,
  // What AWS answers changes from test to test.
  PIGGY_SECRET_CACHE: '0s',
  ...aws.env,
};
const provider = await startProvider(env);
const launches = createLaunches(kubernetes, files);

aws.putSecret('shop/api', JSON.stringify({ DB_PASSWORD: canary, db: { port: 5432 } }));
aws.putSecret('shop/web', JSON.stringify({ DB_PASSWORD: canary, PIGGY_ALLOWED_SA: 'shop:web' }));
aws.putParameter({ name: '/shop/a/KEY', type: 'SecureString', value: canary });
aws.putParameter({ name: '/shop/b/KEY', type: 'String', value: canary });

const refused: string[] = [];
const outputs = [provider.output];
afterEach(() => {
  kubernetes.failWith(undefined);
  aws.failWith(undefined);
  aws.delay(0);
});
after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
});

type Launch = Omit<LaunchOptions, keyof InjectedPodOptions> & {
  readonly pod?: InjectedPodOptions;
  /** After the Pod is there, before the request. */
  readonly before?: (namespace: string, name: string) => void;
};

/** Puts a Pod as admission left it into the cluster, and asks for its values as its launcher would. */
function prepare(
  { pod = {}, before, ...launch }: Launch,
  url = provider.launchUrl,
): () => Promise<LaunchAnswer> {
  const env = { DB_PASSWORD: 'piggy:DB_PASSWORD', ...pod.env };
  const body = { references: ['DB_PASSWORD'], ...launch.body };
  const prepared = launches.prepare('shop/api', { ...pod, ...launch, env, body });
  const { namespace, name } = prepared.pod.metadata;
  before?.(namespace, name);
  return async () => {
    const answer = await prepared.ask(url);
    if (answer.status !== 200) refused.push(JSON.stringify(answer.body));
    return answer;
  };
}

const aNewToken = { authorization: 'Bearer e30.e30.e30' };

test('a container that just started gets the values that it refers to, and no other', async () => {
  const { status, body } = await prepare({})();
  assert.equal(status, 200);
  assert.deepEqual(body, { values: { DB_PASSWORD: canary }, missing: [] });
});

test('a start that its node dates before the creation of its Pod is a clock to correct', async () => {
  const startedAt = new Date(Date.now() - 600_000);
  const metadata = { creationTimestamp: new Date(Date.now() - 1000).toISOString() };
  const { body } = await prepare({ pod: { startedAt, metadata } })();
  assert.equal(body['code'], 'launch_window_closed');
  assert.match(String(body['message']), /before its Pod was created: that clock is behind/);
});

test('a key that the secret lacks is told as missing', async () => {
  const pod = { env: { PORT: 'piggy:PORT', DB_PORT: 'piggy:db.port' } };
  const references = ['PORT', 'db.port'];
  const { body } = await prepare({ pod, body: { references } })();
  const { hint, ...others } = body;
  assert.deepEqual(others, { values: { 'db.port': '5432' }, missing: ['PORT'] });
  assert.match(String(hint), /^it is a JSON object with \d other keys: /);
});

const longAgo = new Date(Date.now() - 3_600_000);
const throttled = { status: 400, type: 'ThrottlingException' };
const forbidden = { status: 400, type: 'AccessDeniedException' };
const parameters = {
  PIGGY_AWS_SECRET_NAME: '',
  PIGGY_AWS_SSM_PARAMETER_PATH: '/shop',
  KEY: 'piggy:KEY',
};

const refusals: Record<string, [status: number, code: string, launch: Launch]> = {
  'a body that is not JSON': [400, 'invalid_request', { text: '{' }],
  'a body without references': [400, 'invalid_request', { body: { references: null } }],
  'more than 500 references': [
    413,
    'request_too_large',
    { body: { references: Array(501).fill('A') } },
  ],
  'a body over 64 KiB': [413, 'request_too_large', { body: { more: 'a'.repeat(65_536) } }],
  'a request without a token': [401, 'invalid_token', { headers: { authorization: '' } }],
  'a token that nobody issued': [401, 'invalid_token', { headers: aNewToken }],
  'a token for another audience': [401, 'invalid_token', { token: { audience: 'vault' } }],
  'an expired token': [401, 'invalid_token', { token: { expiresInSeconds: -10 } }],
  'a token that is bound to no Pod': [401, 'invalid_token', { token: { isBound: false } }],
  'a Pod that is deleted': [403, 'pod_gone', { before: kubernetes.deletePod }],
  'a Pod that is made anew under its name': [
    403,
    'pod_gone',
    {
      before: (namespace, name) => {
        kubernetes.putPod(injectedPod({ namespace, name }).pod);
      },
    },
  ],
  'a container that was not injected': [403, 'not_injected', { body: { uid: 'another' } }],
  'another command than the one of the spec': [
    403,
    'signature_mismatch',
    { body: { signature: signArgv(['/bin/sh']) } },
  ],
  'a request without signature': [403, 'signature_mismatch', { body: { signature: null } }],
  'a container that is not running': [
    409,
    'container_not_running',
    { pod: { containerStatus: { state: { terminated: { exitCode: 1 } } } } },
  ],
  'a container that started long ago': [
    403,
    'launch_window_closed',
    { pod: { startedAt: longAgo } },
  ],
  'a reference that the spec does not have': [
    403,
    'reference_not_in_spec',
    { body: { references: ['OTHER'] } },
  ],
  'a secret that names other service accounts': [
    403,
    'service_account_not_allowed',
    { pod: { env: { PIGGY_AWS_SECRET_NAME: 'shop/web' } } },
  ],
  'a setting that does not parse': [
    400,
    'invalid_annotation',
    { pod: { env: { PIGGY_ENFORCE_INTEGRITY: 'yes' } } },
  ],
  'a secret that is not there': [
    404,
    'secret_not_found',
    { pod: { env: { PIGGY_AWS_SECRET_NAME: 'shop/none' } } },
  ],
  'a key that two parameters share': [
    409,
    'ambiguous_parameter',
    { pod: { env: parameters }, body: { references: ['KEY'] } },
  ],
  'what AWS forbids': [
    403,
    'aws_access_denied',
    {
      before: () => {
        aws.failWith(forbidden);
      },
    },
  ],
  'what AWS throttles': [
    503,
    'aws_throttled',
    {
      before: () => {
        aws.failWith(throttled);
      },
    },
  ],
  'an AWS that fails': [
    502,
    'aws_unavailable',
    {
      before: () => {
        aws.failWith({ status: 500, type: 'InternalServiceError' });
      },
    },
  ],
  'a Kubernetes that fails': [
    503,
    'kubernetes_unavailable',
    {
      before: () => {
        kubernetes.failWith(500);
      },
    },
  ],
};

for (const [name, [status, code, launch]] of Object.entries(refusals)) {
  test(`refuses ${name}: ${status} ${code}`, async () => {
    const answer = await prepare(launch)();
    assert.deepEqual(
      [answer.status, answer.body['code']],
      [status, code],
      JSON.stringify(answer.body),
    );
    assert.equal(typeof answer.body['message'], 'string');
    if (code === 'aws_throttled') assert.ok('retry-after' in answer.headers);
    // By it the launcher sees that its node's clock is wrong.
    assert.ok('date' in answer.headers);
  });
}

test('nothing is fetched from AWS before the launch is allowed', async () => {
  const before = aws.requests.length;
  await prepare({ body: { signature: 'x' } })();
  await prepare({ pod: { startedAt: longAgo } })();
  assert.equal(aws.requests.length, before);
});

test('the token of one Pod gets nothing of another Pod of the same service account', async () => {
  const other = injectedPod({ name: 'api-other', env: { PIGGY_AWS_SECRET_NAME: 'shop/api' } });
  kubernetes.putPod(other.pod);
  const { status, body } = await prepare({ body: { uid: other.uid } })();
  assert.deepEqual([status, body['code']], [403, 'not_injected']);
});

test('annotations of a running Pod change nothing: its settings are those of its env', async () => {
  const annotations = {
    'piggysec.com/aws-secret-name': 'shop/web',
    'piggysec.com/piggy-enforce-integrity': 'false',
  };
  const metadata = { uid: randomUUID(), name: 'annotated', namespace: 'shop', annotations };
  const { status, body } = await prepare({ pod: { metadata } })();
  assert.deepEqual([status, body['values']], [200, { DB_PASSWORD: canary }]);
  const other = prepare({ pod: { metadata }, body: { signature: signArgv(['sh']) } });
  assert.equal((await other()).body['code'], 'signature_mismatch');
});

test('a Pod that its author wrote by hand as admission would is served as any other, and gets no more', async () => {
  assert.equal((await prepare({})()).status, 200);
  aws.putSecret('bank/api', JSON.stringify({ DB_PASSWORD: canary }));
  const { status, body } = await prepare({ pod: { env: { PIGGY_AWS_SECRET_NAME: 'bank/api' } } })();
  assert.deepEqual([status, body['code']], [403, 'access_denied']);
});

test('the first answer closes the window of that start, but for two repeats', async () => {
  const launch = prepare({});
  const answers = [await launch(), await launch(), await launch(), await launch()];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 403],
  );
  assert.equal(answers[3]?.body['code'], 'launch_window_closed');
});

const unreachable: Record<string, [status: number, code: string, settings: ProviderEnvironment]> = {
  'is down': [502, 'aws_unavailable', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }],
  'does not answer in time': [504, 'deadline_exceeded', { PIGGY_SECRET_TIMEOUT: '500ms' }],
};

for (const [name, [status, code, settings]] of Object.entries(unreachable)) {
  test(`an AWS that ${name} is ${status} ${code}`, async (context) => {
    const other = await startProvider({ ...env, ...settings });
    context.after(() => other.stop());
    outputs.push(other.output);
    aws.delay(Infinity);
    const answer = await prepare({}, other.launchUrl)();
    assert.deepEqual([answer.status, answer.body['code']], [status, code]);
  });
}

test('who asks too fast is told when to try again', async (context) => {
  const strict = await startProvider({ ...env, PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS: '1' });
  context.after(() => strict.stop());
  const ask = prepare({ text: '{', headers: { authorization: '' } }, strict.launchUrl);
  const answers = await Promise.all(Array.from({ length: 40 }, ask));
  const limited = answers.filter(({ body }) => body['code'] === 'rate_limited');
  assert.ok(limited.length > 0);
  assert.ok(limited.every(({ status, headers }) => status === 429 && 'retry-after' in headers));
});

// The last one: it looks at what was said during all of the others.
test('a value is in no log, metric, error or Event of the provider', async () => {
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  const said = [...outputs.map((output) => output()), JSON.stringify(kubernetes.events)];
  assert.ok(refused.length > 20 && kubernetes.events.length > 0);
  for (const text of [...said, metrics, ...refused]) assert.ok(!text.includes(canary), text);
});
