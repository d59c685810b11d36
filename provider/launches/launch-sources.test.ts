// A container whose references name several sources, through the use case and its real clients, against stand-ins; and what
// holds for every text of a reference.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import {
  createNamedParametersClient,
  createParameterStoreClient,
} from '../secrets/parameter-store-client.ts';
import { createSourcesReader, type ReadSources } from '../secrets/read-sources.ts';
import { createSecretsManagerClient } from '../secrets/secrets-manager-client.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { startAws, type Aws } from '../testing/aws.ts';
import { injectedPod } from '../testing/injected-pod.ts';
import { anyReference } from '../testing/reference-vectors.ts';
import { unsignedToken } from '../testing/unsigned-token.ts';
import type { LaunchDefaults } from './launch-settings.ts';
import { createLaunchValuesReader, type LaunchFacts } from './read-launch-values.ts';
import { signArgv } from './signature.ts';
import { AUDIENCE, parseLaunchToken } from './token.ts';

const DEFAULTS: LaunchDefaults = {
  launchWindowMs: 120_000,
  enforceIntegrity: true,
  enforceServiceAccount: false,
  annotationsMayWeaken: false,
  region: 'eu-west-1',
};
const SHARED_ARN = 'arn:aws:secretsmanager:us-east-1:210987654321:secret:shared/db';
const roleArn = 'arn:aws:iam::210987654321:role/shared';
const ACCESS: AccessPolicy = {
  rules: [
    { name: 'shared', namespaces: ['shop'], secrets: ['shared/*'], parameterPaths: ['/shared'] },
  ],
  accessDefault: 'namespace',
  prefix: '',
};

let aws: Aws;
let readSources: ReadSources;

before(async () => {
  aws = await startAws();
  const credentials = () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' });
  const timeouts = { connectionTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const options = { credentials, credentialsOf: () => credentials, endpoint: aws.url, ...timeouts };
  readSources = createSourcesReader({
    readSecretVersion: createSecretsManagerClient(options),
    readParameters: createParameterStoreClient(options),
    readNamedParameters: createNamedParametersClient(options),
  });
  aws.putSecret('shop/api', '{"A":"own","db":{"hosts":["h0","h1"]}}');
  aws.putSecret('shop/db', [
    { id: '1fcd41b2-4d0e-4c1f-8a53-1f2e3d4c5b6a', stages: ['AWSCURRENT'], content: '{"A":"new"}' },
    { id: '2fcd41b2-4d0e-4c1f-8a53-1f2e3d4c5b6a', stages: ['AWSPREVIOUS'], content: '{"A":"old"}' },
  ]);
  aws.putSecret('shared/db', '{"A":"shared"}');
  aws.putSecret('shop/listed', '{"A":"1","PIGGY_ALLOWED_SA":"shop:web"}');
  aws.putParameter({ name: '/shop/url', type: 'SecureString', value: 'http://1' });
  aws.putParameter({
    name: '/shop/url',
    type: 'SecureString',
    value: 'http://2',
    labels: ['blue'],
  });
  aws.putParameter({ name: '/shop/url', type: 'SecureString', value: 'http://3' });
  aws.putParameter({ name: '/shop/config', type: 'String', value: '{"port":5432}' });
  aws.putParameter({ name: '/shared/url', type: 'String', value: 'http://shared' });
  aws.putParameter({ name: '/shop/listed/url', type: 'String', value: 'secret' });
  aws.putParameter({ name: '/shop/listed/PIGGY_ALLOWED_SA', type: 'String', value: 'shop:web' });
});
after(() => aws.stop());
afterEach(() => {
  aws.failWith(undefined);
  aws.requests.length = 0;
});

type Scenario = {
  readonly access?: Partial<AccessPolicy>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly defaults?: Partial<LaunchDefaults>;
  readonly read?: ReadSources;
};

/** As a container does whose variables are these references, all of them in its spec. */
async function launch(texts: readonly string[], scenario: Scenario = {}) {
  const uid = 'a'.repeat(32);
  const env = Object.entries({
    PIGGY_AWS_SECRET_NAME: 'shop/api',
    PIGGY_UID: uid,
    ...scenario.settings,
  });
  // Doubled, as the API server has what no kubelet shall expand.
  const written = texts.map((text, at) => [`V${at}`, `piggy:${text}`.replaceAll('$', '$$$$')]);
  const container = { env: [...env, ...written].map(([name, value]) => ({ name, value })) };
  const containerStatus = { state: { running: { startedAt: new Date() } } };
  const { pod } = injectedPod({ uid, podUid: 'uid-1', container, containerStatus });
  const claim = 'authentication.kubernetes.io/pod';
  const extra = { [`${claim}-name`]: ['api-0'], [`${claim}-uid`]: ['uid-1'] };
  const user = { username: 'system:serviceaccount:shop:api', extra };
  const facts: LaunchFacts[] = [];
  const observed: string[] = [];
  const read = createLaunchValuesReader({
    kubernetes: {
      reviewToken: () =>
        Promise.resolve({ authenticated: true, audiences: [AUDIENCE], user } as never),
      readPod: () => Promise.resolve(pod as never),
    },
    admitReview: () => Promise.resolve(() => undefined),
    podLimit: { decideToken: () => ({ allowed: true }), decidePod: () => ({ allowed: true }) },
    readSources: scenario.read ?? readSources,
    accessPolicy: () => ({ ...ACCESS, ...scenario.access }),
    observeAccess: (decision, rule) => observed.push(`${decision} ${rule}`),
    decideRate: () => ({ allowed: true }),
    defaults: { ...DEFAULTS, ...scenario.defaults },
    now: Date.now,
  });
  const token = parseLaunchToken(unsignedToken(), Date.now());
  const isNamed = (text: string) => /^(?:arn|key|secret|parameter):/.test(text);
  const references = texts.map((text) => (isNamed(text) ? { reference: text } : text));
  const body = { uid, signature: signArgv(['/app', 'serve']), references };
  const note = (more: LaunchFacts) => facts.push(more);
  const question = { token, body, address: '10.1.2.3' };
  const context = { signal: new AbortController().signal, note, answer: (all: SelectedValues) => all };
  const outcome = await read(question, context).then(
    ({ values, missing }) => ({
      values: Object.fromEntries([...values].map(([text, value]) => [text, value.reveal()])),
      missing,
    }),
    (error: unknown) => {
      if (error instanceof ProviderError) return { code: error.code, message: error.message };
      throw error;
    },
  );
  return { outcome, observed, facts: Object.assign({}, ...facts) as LaunchFacts };
}

const all: Record<string, string> = {
  A: 'own',
  'key:A?optional': 'own',
  'db.hosts.1': 'h1',
  'secret:shop/db#A': 'new',
  'secret:shop/db#A?stage=AWSPREVIOUS': 'old',
  'secret:shop/db?version=2fcd41b2-4d0e-4c1f-8a53-1f2e3d4c5b6a': '{"A":"old"}',
  [`${SHARED_ARN}:A::`]: 'shared',
  [SHARED_ARN]: '{"A":"shared"}',
  'parameter:/shop/url': 'http://3',
  'parameter:/shop/url?version=1': 'http://1',
  'parameter:/shop/url?label=blue': 'http://2',
  'parameter:/shop/config#port': '5432',
  'arn:aws:ssm:us-east-1:210987654321:parameter/shared/url': 'http://shared',
};

test('a container may refer to several secrets and parameters, each in its form', async () => {
  const { outcome, facts, observed } = await launch(Object.keys(all));
  assert.deepEqual(outcome, { values: all, missing: [] });
  const regions = new Map(
    aws.requests.map(({ input, region }) => [String(input['SecretId']), region]),
  );
  assert.equal(regions.get(SHARED_ARN), 'us-east-1');
  assert.equal(regions.get('shop/db'), 'eu-west-1');
  assert.equal(observed.length, facts.sources?.length);
  assert.deepEqual(facts.sources?.[0], {
    secretId: 'shop/api',
    secretVersion: 'AWSCURRENT',
    region: 'eu-west-1',
    rule: 'default namespace',
  });
  assert.deepEqual(facts.sources.at(-1), {
    parameter: 'arn:aws:ssm:us-east-1:210987654321:parameter/shared/url',
    region: 'us-east-1',
    rule: 'shared',
  });
});

test('one source is one call of AWS, whatever names it', async () => {
  const once: Record<string, string[]> = {
    'secretsmanager.GetSecretValue shop/api': ['A', 'db', 'key:A?optional'],
    'secretsmanager.GetSecretValue shop/db': [
      'secret:shop/db#A',
      'secret:shop/db',
      'secret:shop/db#B?optional',
    ],
    'AmazonSSM.GetParameters undefined': ['parameter:/shop/url', 'parameter:/shop/config#port'],
  };
  for (const [call, texts] of Object.entries(once)) {
    aws.requests.length = 0;
    await launch(texts);
    const made = aws.requests.map(({ target, input }) => `${target} ${String(input['SecretId'])}`);
    assert.deepEqual(made, [call]);
  }
});

test('the Pod’s own source is not looked at where no reference means it', async () => {
  const settings = { PIGGY_AWS_SECRET_NAME: 'not a name', PIGGY_AWS_REGION: '' };
  const { outcome } = await launch([`${SHARED_ARN}:A::`], {
    settings,
    defaults: { region: undefined },
  });
  assert.deepEqual(outcome, { values: { [`${SHARED_ARN}:A::`]: 'shared' }, missing: [] });
});

test('a secret that is named is in the region of the settings', async () => {
  await launch(['secret:shop/db#A'], { settings: { PIGGY_AWS_REGION: 'us-west-2' } });
  assert.equal(aws.requests[0]?.region, 'us-west-2');
});

test('each source is read as the role of its own rule', async () => {
  const asRole = { name: 'as-role', namespaces: ['shop'], secrets: ['shared/*'], roleArn };
  const { outcome, facts } = await launch(['A', 'secret:shared/db#A'], {
    access: { rules: [asRole] },
  });
  assert.ok('values' in outcome);
  assert.deepEqual(
    facts.sources?.map((source) => source.roleArn),
    [undefined, roleArn],
  );
});

const failures: Record<string, [texts: string[], code: string, message: RegExp]> = {
  'a secret that no rule covers': [
    ['A', 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:bank/db:A::'],
    'access_denied',
    /^piggy:arn:aws:secretsmanager:\S+:A::: service account shop:api may not read secret arn:/,
  ],
  'a parameter that no rule covers': [
    ['A', 'parameter:/bank/url'],
    'access_denied',
    /^piggy:parameter:\/bank\/url: service account shop:api may not read parameter \/bank\/url/,
  ],
  'a parameter that no rule covers, which may be missing': [
    ['parameter:/bank/url?optional'],
    'access_denied',
    /may not read parameter/,
  ],
  'a secret that does not name the account': [
    ['A', 'secret:shop/listed#A'],
    'service_account_not_allowed',
    /^piggy:secret:shop\/listed#A: secret shop\/listed does not allow shop:api/,
  ],
  'a parameter beside a list that does not name the account': [
    ['parameter:/shop/url', 'parameter:/shop/listed/url'],
    'service_account_not_allowed',
    /^piggy:parameter:\/shop\/listed\/url: parameter \/shop\/listed\/url does not allow shop:api/,
  ],
  'a secret that there is not': [
    ['A', 'secret:shop/gone#A?stage=AWSPREVIOUS'],
    'secret_not_found',
    /^piggy:secret:shop\/gone#A: secret shop\/gone in eu-west-1 does not exist/,
  ],
  'a secret that there is not, one of whose keys must be there': [
    ['secret:shop/gone#A?optional', 'secret:shop/gone#B'],
    'secret_not_found',
    /^piggy:secret:shop\/gone#A: /,
  ],
  'a parameter that there is not': [
    ['parameter:/shop/url', 'parameter:/shop/gone'],
    'secret_not_found',
    /^piggy:parameter:\/shop\/gone: parameter \/shop\/gone in eu-west-1 does not exist/,
  ],
  'a version of a parameter that there is not': [
    ['parameter:/shop/url?version=9'],
    'secret_not_found',
    /parameter \/shop\/url:9 in eu-west-1 does not exist, or not in this version/,
  ],
  'a secret of others that need not exist, and whose existence is not told': [
    ['secret:bank/gone#A?optional'],
    'access_denied',
    /^piggy:secret:bank\/gone#A: service account shop:api may not read secret bank\/gone/,
  ],
};

for (const [name, [texts, code, message]] of Object.entries(failures)) {
  test(`${name} fails all: ${code}`, async () => {
    const { outcome } = await launch(texts);
    assert.ok('code' in outcome, JSON.stringify(outcome));
    assert.equal(outcome.code, code);
    assert.match(outcome.message, message);
  });
}

test('the failure of a Pod’s only source is told as it always was', async () => {
  const { outcome } = await launch(['A'], { settings: { PIGGY_AWS_SECRET_NAME: 'shop/gone' } });
  assert.ok('code' in outcome);
  assert.match(outcome.message, /^secret shop\/gone in eu-west-1 does not exist/);
});

test('what may be missing is missing where its key is, or its secret, or its parameter', async () => {
  const optional = [
    'key:NONE?optional',
    'secret:shop/db#NONE?default=1',
    'secret:shop/gone#A?optional',
    'secret:shop/gone#B?default=2',
    'parameter:/shop/gone?optional',
  ];
  const { outcome } = await launch(['A', ...optional]);
  assert.deepEqual(outcome, { values: { A: 'own' }, missing: optional });
});

test('what AWS refuses is no missing value', async () => {
  aws.failWith({ status: 400, type: 'AccessDeniedException' });
  const { outcome } = await launch(['secret:shop/db#A?optional']);
  assert.equal('code' in outcome && outcome.code, 'aws_access_denied');
});

test('all sources are asked before any has answered', async () => {
  const release = aws.hold();
  const launched = launch(['A', 'secret:shop/db#A', 'secret:shared/db#A', 'parameter:/shop/url']);
  while (aws.requests.length < 4) await new Promise(setImmediate);
  release();
  assert.ok('values' in (await launched).outcome);
});

test('keys that begin with PIGGY_ are given out by no writing of a reference', async () => {
  const texts = ['key:%50IGGY_ALLOWED_SA?optional', 'secret:shared/own#PIGGY_ALLOWED_SA?optional'];
  aws.putSecret('shared/own', '{"PIGGY_ALLOWED_SA":"shop:api"}');
  const { outcome } = await launch(texts, { settings: { PIGGY_AWS_SECRET_NAME: 'shared/own' } });
  assert.deepEqual(outcome, { values: {}, missing: texts });
});

/** Clients that only say what was asked of AWS, and under which name. */
function recordAsked() {
  const asked: string[] = [];
  const record = (what: string) => {
    asked.push(what);
    return Promise.reject(new ProviderError('secret_not_found', 'nothing is here'));
  };
  const read = createSourcesReader({
    readSecretVersion: ({ secretId }) => record(`secret ${secretId}`),
    readParameters: ({ path }) => record(`path ${path}`),
    readNamedParameters: ({ parameters }) => {
      asked.push(...parameters.map(({ id }) => `parameter ${id}`));
      return Promise.resolve({ found: new Map(), size: 0 });
    },
  });
  return { read, asked };
}

// Written without the code that it judges: what may be asked for, by its text alone. The lists of who may read are asked for by
// us, beside a parameter, and no reference can name one. An ARN may end in six characters of AWS, which are looked at again by
// the name that AWS answers.
const ALLOWED =
  /^(?:path \/shop|(?:secret|parameter) (?:arn:aws[a-z-]*:(?:secretsmanager|ssm):[a-z0-9-]+:[0-9]{12}:(?:secret:|parameter\/)|\/?)(?:shop|shared)(?:-[A-Za-z0-9]{6})?(?:\/.*)?|parameter .*\bPIGGY_ALLOWED_SA)$/;

test('no text of a reference reaches a secret or parameter that no rule allows, whatever is escaped in it', async () => {
  let reached = 0;
  const property = fc.asyncProperty(
    fc.array(anyReference, { minLength: 1, maxLength: 4 }),
    async (texts) => {
      const { read, asked } = recordAsked();
      const rules = [
        {
          name: 'shared',
          namespaces: ['shop'],
          secrets: ['shared/**', '/shared/**'],
          parameterPaths: ['/shared/**'],
        },
        {
          name: 'own',
          namespaces: ['shop'],
          secrets: ['shop/**', '/shop/**'],
          parameterPaths: ['/shop/*/**'],
        },
      ];
      await launch(texts, { read, access: { rules, accessDefault: 'deny' } });
      for (const one of asked) assert.match(one, ALLOWED);
      reached += asked.length;
    },
  );
  await fc.assert(property, { numRuns: 1500 });
  assert.ok(reached > 100, `${reached}`);
});
