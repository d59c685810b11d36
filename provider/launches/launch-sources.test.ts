// A container whose references name several sources, through the use case and its real clients, against stand-ins.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { AccessPolicy } from '../secrets/grant.ts';
import type { ReadSources } from '../secrets/read-sources.ts';
import { startAws, type Aws } from '../testing/aws.ts';
import { createStandInReader } from '../testing/aws-sources.ts';
import { launchContainer, type ContainerLaunch } from '../testing/container-launch.ts';

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
  readSources = createStandInReader(aws);
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

/** In the name of shop:api, by ACCESS, from the stand-in, unless told otherwise. */
function launch(
  texts: readonly string[],
  {
    access,
    ...scenario
  }: Omit<Partial<ContainerLaunch>, 'access'> & { readonly access?: Partial<AccessPolicy> } = {},
) {
  return launchContainer(texts, {
    read: readSources,
    access: { ...ACCESS, ...access },
    ...scenario,
  });
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

test('the values of all sources have the bound that those of one have', async () => {
  const half = 'x'.repeat(524_288);
  aws.putSecret('shop/half', half);
  aws.putSecret('shop/other-half', half);
  aws.putSecret('shop/more', 'x');
  const halves = ['secret:shop/half', 'secret:shop/other-half'];
  const full = await launch(halves);
  assert.ok('values' in full.outcome);
  const { outcome } = await launch([...halves, 'secret:shop/more']);
  assert.deepEqual(outcome, {
    code: 'values_too_large',
    message:
      'the values of 3 references have 1048577 bytes together, and a container gets 1048576 at most: refer to the parts that the container needs, and to none that holds others, or mount large data as a file',
  });
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

test('a secret that a rule gives key by key is not asked for as a whole', async () => {
  const rule = { name: 'keys', namespaces: ['shop'], secrets: ['shop/**'] };
  const rules = [{ ...rule, wholeSecrets: 'forbidden' }] as const;
  const access = { rules, accessDefault: 'deny' } as const;
  const keys = await launch(['A', 'secret:shop/db#A'], { access });
  assert.deepEqual(keys.outcome, { values: { A: 'own', 'secret:shop/db#A': 'new' }, missing: [] });
  assert.ok(keys.facts.sources?.every((source) => !('wholeSecret' in source)));
  aws.requests.length = 0;
  for (const texts of [
    ['.'],
    ['all:.'],
    ['A', 'key:%2E'],
    ['A', 'secret:shop/db'],
    [`${SHARED_ARN}:::`],
  ]) {
    const settings = { PIGGY_ENV_FROM: '.' };
    const { outcome, observed, facts } = await launch(texts, { access, settings });
    assert.equal('code' in outcome && outcome.code, 'access_denied');
    assert.ok(observed.includes('denied none'));
    assert.ok([facts, ...(facts.sources ?? [])].some(({ wholeSecret }) => wholeSecret));
  }
  assert.equal(aws.requests.length, 0);
});

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
  assert.ok('values' in outcome);
  assert.deepEqual([outcome.values, outcome.missing], [{ A: 'own' }, optional]);
});

test('why a key is missing is told of its own source', async () => {
  aws.putSecret('shop/plain', 'text');
  const { outcome } = await launch(['secret:shop/plain#A', 'secret:shop/db#NONE']);
  assert.equal(
    'hint' in outcome && outcome.hint,
    'it is plain text without keys: use the reference without its key for all of it, or store a JSON object instead; ' +
      'it is a JSON object with 1 other key: check the spelling, upper and lower case too, or add what is missing',
  );
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
  assert.ok('values' in outcome);
  assert.deepEqual([outcome.values, outcome.missing], [{}, texts]);
});
