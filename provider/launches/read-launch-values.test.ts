// The use case with its real clients, against stand-ins for the API server and AWS.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { inspect } from 'node:util';
import { ProviderError, type ErrorCode } from '../errors.ts';
import { createKubernetesClient, type KubernetesClient } from '../kubernetes/api-client.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import type { ReadSources } from '../secrets/read-sources.ts';
import { startAws, type Aws } from '../testing/aws.ts';
import { createStandInReader } from '../testing/aws-sources.ts';
import { injectedPod, type InjectedPodOptions } from '../testing/injected-pod.ts';
import {
  startKubernetesApi,
  type KubernetesApi,
  type TokenRequest,
} from '../testing/kubernetes-api.ts';
import type { SelectedValues } from '../secrets/values.ts';
import type { LaunchFacts } from './launch-facts.ts';
import type { LaunchDefaults } from './launch-settings.ts';
import { createPodLimit } from './pod-limit.ts';
import { createLaunchValuesReader } from './read-launch-values.ts';
import { signArgv } from './signature.ts';
import { parseLaunchToken } from './token.ts';

const FOREVER = new AbortController().signal;
const answer = (values: SelectedValues) => values;
const SIGNATURE = signArgv(['/app', 'serve']);
const DEFAULTS: LaunchDefaults = {
  launchWindowMs: 120_000,
  enforceIntegrity: true,
  enforceServiceAccount: false,
  annotationsMayWeaken: false,
  region: 'eu-west-1',
};

const ACCESS: AccessPolicy = { rules: [], accessDefault: 'namespace', prefix: '' };

let api: KubernetesApi;
let aws: Aws;
let kubernetes: KubernetesClient;
let readSources: ReadSources;

before(async () => {
  [api, aws] = await Promise.all([startKubernetesApi(), startAws()]);
  kubernetes = createKubernetesClient({
    ...{ server: api.url, ca: api.ca, timeoutMs: 60_000 },
    readToken: () => Promise.resolve(api.providerToken),
  });
  readSources = createStandInReader(aws);
  aws.putSecret('shop/api', '{"PASSWORD":"hunter2","PORT":5432}');
  aws.putSecret('shop/listed', '{"PASSWORD":"hunter2","PIGGY_ALLOWED_SA":"shop:web"}');
  aws.putParameter({ name: '/shop/PASSWORD', type: 'SecureString', value: 'hunter2' });
});
after(() => Promise.all([api.stop(), aws.stop()]));
afterEach(() => {
  api.failWith(undefined);
  aws.failWith(undefined);
  api.requests.length = 0;
  aws.requests.length = 0;
});

type Scenario = {
  readonly pod?: InjectedPodOptions;
  readonly token?: Partial<TokenRequest>;
  readonly body?: object;
  readonly defaults?: Partial<LaunchDefaults>;
  readonly access?: Partial<AccessPolicy>;
};

const ENV = { PASSWORD: 'piggy:PASSWORD', PIGGY_AWS_SECRET_NAME: 'shop/api' };

/** Puts a Pod and its token into the API server; answers how its launcher asks, again and again. */
function prepare(scenario: Scenario) {
  const { uid, pod } = injectedPod({ env: ENV, ...scenario.pod });
  api.putPod(pod);
  const bound = { name: pod.metadata.name, uid: pod.metadata.uid };
  const account = { namespace: pod.metadata.namespace, serviceAccount: 'api' };
  const token = api.mintToken({ ...account, pod: bound, ...scenario.token });
  const body = { uid, signature: SIGNATURE, references: ['PASSWORD'], ...scenario.body };
  const [noted, observed]: [LaunchFacts[], string[]] = [[], []];
  const readLaunchValues = createLaunchValuesReader({
    kubernetes,
    admitReview: () => Promise.resolve(() => undefined),
    podLimit: createPodLimit({ perMinutePerPod: 60 }, () => performance.now()),
    readSources,
    accessPolicy: () => ({ ...ACCESS, ...scenario.access }),
    observeAccess: (decision, rule) => observed.push(`${decision} ${rule}`),
    decideRate: () => ({ allowed: true }),
    defaults: { ...DEFAULTS, ...scenario.defaults },
    now: Date.now,
  });
  const ask = async () => {
    const question = { token: parseLaunchToken(token, Date.now()), body, address: '10.1.2.3' };
    const note = (facts: LaunchFacts) => noted.push(facts);
    const { values, missing } = await readLaunchValues(question, { signal: FOREVER, note, answer });
    const revealed = Object.fromEntries([...values].map(([key, value]) => [key, value.reveal()]));
    return { values: revealed, missing };
  };
  const facts = () => Object.assign({}, ...noted) as LaunchFacts;
  return { ask, facts, token, observed, podUid: bound.uid };
}

test('a container that starts is given the values that it refers to, and no others', async () => {
  const { ask, facts, podUid } = prepare({});
  assert.deepEqual(await ask(), { values: { PASSWORD: 'hunter2' }, missing: [] });
  assert.deepEqual(facts(), {
    references: 1,
    namespace: 'shop',
    pod: 'api-0',
    podUid,
    serviceAccount: 'api',
    keys: ['PASSWORD'],
    container: 'app',
    secretId: 'shop/api',
    secretVersion: 'AWSCURRENT',
    region: 'eu-west-1',
    rule: 'default namespace',
  });
});

test('a container may ask for parameters', async () => {
  const env = { PASSWORD: 'piggy:PASSWORD', PIGGY_AWS_SSM_PARAMETER_PATH: '/shop/' };
  const { ask, facts } = prepare({ pod: { env } });
  assert.deepEqual((await ask()).values, { PASSWORD: 'hunter2' });
  assert.equal(facts().parameterPath, '/shop');
});

test('an init container is launched as any other', async () => {
  const { uid, pod } = injectedPod({ env: ENV });
  const { spec, status } = pod as unknown as {
    spec: { containers: object[] };
    status: { containerStatuses: object[] };
  };
  const init = { spec: { containers: [], initContainers: spec.containers } };
  const states = { status: { initContainerStatuses: status.containerStatuses } };
  const { ask } = prepare({ pod: { uid, env: ENV, ...init, ...states } });
  assert.deepEqual((await ask()).values, { PASSWORD: 'hunter2' });
});

test('a key that is not in the secret is missing', async () => {
  const env = { ...ENV, OTHER: 'piggy:OTHER' };
  const { ask } = prepare({ pod: { env }, body: { references: ['PASSWORD', 'OTHER'] } });
  assert.deepEqual(await ask(), { values: { PASSWORD: 'hunter2' }, missing: ['OTHER'] });
});

const LONG_AGO = new Date(0);
const env = (more: Readonly<Record<string, string>>) => ({ env: { ...ENV, ...more } });
const state = (containerStatus: object) => ({ containerStatus });

const denied: Record<string, [check: number, scenario: Scenario, code: ErrorCode]> = {
  'a body of another form': [0, { body: { references: 'PASSWORD' } }, 'invalid_request'],
  'a token of another audience': [0, { token: { audience: 'vault' } }, 'invalid_token'],
  'a token that has expired': [0, { token: { expiresInSeconds: -600 } }, 'invalid_token'],
  'a token that expired a moment ago': [1, { token: { expiresInSeconds: -10 } }, 'invalid_token'],
  'a token that is bound to no Pod': [1, { token: { pod: undefined } }, 'invalid_token'],
  'a token of a Pod that is gone': [2, { token: { pod: { name: 'gone', uid: 'x' } } }, 'pod_gone'],
  'a token of the Pod’s predecessor': [
    2,
    { token: { pod: { name: 'api-0', uid: 'x' } } },
    'pod_gone',
  ],
  'a token of another service account': [2, { token: { serviceAccount: 'web' } }, 'pod_gone'],
  'a token of another namespace': [2, { token: { namespace: 'bank' } }, 'pod_gone'],
  'a Pod that is being deleted': [
    2,
    { pod: { metadata: { deletionTimestamp: '2026-11-01T10:00:00Z' } } },
    'pod_gone',
  ],
  'a Pod that has finished': [2, { pod: { status: { phase: 'Succeeded' } } }, 'pod_gone'],
  'another uid': [3, { body: { uid: 'x' } }, 'not_injected'],
  'a container that is not wrapped': [
    3,
    { pod: { container: { command: ['/app'] } } },
    'not_injected',
  ],
  'a setting that does not parse': [
    4,
    { pod: env({ PIGGY_ENFORCE_INTEGRITY: 'no' }) },
    'invalid_annotation',
  ],
  'another argv': [4, { body: { signature: signArgv(['sh']) } }, 'signature_mismatch'],
  'no signature': [4, { body: { signature: undefined } }, 'signature_mismatch'],
  'no signature, with integrity switched off by the author': [
    4,
    { body: { signature: '' }, pod: env({ PIGGY_ENFORCE_INTEGRITY: 'false' }) },
    'signature_mismatch',
  ],
  'a start long ago': [5, { pod: { startedAt: LONG_AGO } }, 'launch_window_closed'],
  'a container that has ended': [
    5,
    { pod: state({ state: { terminated: {} } }) },
    'container_not_running',
  ],
  'a reference that is not in the spec': [
    6,
    { body: { references: ['PORT'] } },
    'reference_not_in_spec',
  ],
  'a secret without a rule, where that denies': [
    7,
    { access: { accessDefault: 'deny' } },
    'access_denied',
  ],
  'parameters of another namespace': [
    7,
    {
      pod: { env: { PASSWORD: 'piggy:PASSWORD', PIGGY_AWS_SSM_PARAMETER_PATH: '/bank' } },
    },
    'access_denied',
  ],
};

for (const [name, [check, scenario, code]] of Object.entries(denied)) {
  test(`check ${check}: ${name} is refused, and AWS is not asked`, async () => {
    const { ask, token } = prepare(scenario);
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof ProviderError);
      assert.equal(error.code, code);
      assert.ok(!inspect(error).includes(token));
      return true;
    });
    assert.deepEqual(aws.requests, []);
    if (check === 0) assert.deepEqual(api.requests, []);
  });
}

test('a Pod is read again for each request, and one that was deleted gets nothing', async () => {
  const { ask } = prepare({});
  await ask();
  api.deletePod('shop', 'api-0');
  await assert.rejects(ask(), { code: 'pod_gone' });
});

test('integrity is not checked where the provider’s own settings say so', async () => {
  const { ask } = prepare({ body: { signature: '' }, defaults: { enforceIntegrity: false } });
  assert.deepEqual((await ask()).missing, []);
});

test('integrity is checked where only the author says so', async () => {
  const pod = env({ PIGGY_ENFORCE_INTEGRITY: 'true' });
  const { ask } = prepare({ pod, body: { signature: '' }, defaults: { enforceIntegrity: false } });
  await assert.rejects(ask(), { code: 'signature_mismatch' });
});

test('check 7: a secret of another namespace is given out only where it names the service account', async () => {
  aws.putSecret('bank/open', '{"PASSWORD":"hunter2","PIGGY_ALLOWED_SA":"shop:api"}');
  aws.putSecret('bank/closed', '{"PASSWORD":"hunter2"}');
  aws.putSecret('bank/listed', '{"PASSWORD":"hunter2","PIGGY_ALLOWED_SA":"bank:api"}');
  const read = (id: string) => prepare({ pod: env({ PIGGY_AWS_SECRET_NAME: id }) });
  assert.deepEqual((await read('bank/open').ask()).missing, []);
  // What does not exist is answered as what is not allowed.
  for (const id of ['bank/closed', 'bank/listed', 'bank/absent']) {
    const { ask, observed } = read(id);
    await assert.rejects(ask(), {
      code: 'access_denied',
      message: new RegExp(`may not read secret ${id}: it is not under shop/.*PIGGY_ALLOWED_SA`),
    });
    // It was fetched only to see whom it names, and that is counted.
    const rule = 'default namespace allow-list';
    assert.deepEqual(observed, [`allowed ${rule}`, `denied ${rule}`]);
  }
});

test('check 7: the decision is noted and counted by its rule', async () => {
  const rules = [{ name: 'one', namespaces: ['shop'], secrets: ['shop/*'] }];
  const { ask, facts, observed } = prepare({ access: { rules } });
  await ask();
  assert.equal(facts().rule, 'one');
  assert.deepEqual(observed, ['allowed one']);
});

test('check 9: a secret that does not name the service account is refused', async () => {
  const { ask } = prepare({ pod: env({ PIGGY_AWS_SECRET_NAME: 'shop/listed' }) });
  await assert.rejects(ask(), {
    code: 'service_account_not_allowed',
    message: /secret shop\/listed does not allow shop:api/,
  });
});

test('check 9: where an allow-list is required a secret without one is refused', async () => {
  for (const scenario of [
    {
      defaults: { enforceServiceAccount: true },
      pod: env({ PIGGY_ENFORCE_SERVICE_ACCOUNT: 'false' }),
    },
    { pod: env({ PIGGY_ENFORCE_SERVICE_ACCOUNT: 'true' }) },
  ]) {
    await assert.rejects(prepare(scenario).ask(), { code: 'service_account_not_allowed' });
  }
});

test('an answer may be repeated twice, then the launch window is closed and AWS is not asked', async () => {
  const { ask } = prepare({});
  await ask();
  await ask();
  await ask();
  const before = aws.requests.length;
  await assert.rejects(ask(), { code: 'launch_window_closed', message: /already/ });
  assert.equal(aws.requests.length, before);
});

test('of many requests at once three are answered', async () => {
  const { ask } = prepare({});
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => ask()));
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 3);
});

test('a request that failed does not close the launch window', async () => {
  const { ask } = prepare({});
  aws.failWith({ status: 400, type: 'AccessDeniedException' });
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await assert.rejects(ask(), { code: 'aws_access_denied' });
  }
  aws.failWith(undefined);
  assert.deepEqual((await ask()).missing, []);
});

test('a refusal says who asked, as far as it is known', async () => {
  const { ask, facts, podUid } = prepare({ body: { uid: 'x' } });
  await assert.rejects(ask(), { code: 'not_injected' });
  const known = { references: 1, namespace: 'shop', pod: 'api-0', serviceAccount: 'api' };
  assert.deepEqual(facts(), { ...known, podUid, keys: ['PASSWORD'] });
});
