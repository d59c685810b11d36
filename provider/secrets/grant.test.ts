import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRule } from './access-rules.ts';
import { decideGrant, decideReturned, targetOf, type AccessDefault } from './grant.ts';
import { CURRENT } from './source.ts';

const api = { namespace: 'shop', name: 'api' };
const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:';

function target(id: string) {
  const region = 'eu-west-1';
  return targetOf(
    id.startsWith('/')
      ? { kind: 'parameterStore', path: id, region }
      : { kind: 'secretsManager', secretId: id, region, version: CURRENT },
  );
}

const rules: readonly AccessRule[] = [
  { name: 'web-only', namespaces: ['shop'], serviceAccounts: ['web'], secrets: ['**'] },
  { name: 'shared', namespaces: ['shop*'], secrets: ['shared/*'], parameterPaths: ['/shared/**'] },
  { name: 'of-the-bank', namespaces: ['bank'], secrets: ['vault/**'], parameterPaths: ['/vault'] },
  { name: 'by-arn', namespaces: ['shop'], secrets: [`${ARN}team/**`] },
];

type Case = [accessDefault: AccessDefault, id: string, outcome: string];
const cases: Record<string, Case> = {
  'a secret of the own namespace': ['namespace', 'shop/api', 'default namespace'],
  'its ARN': ['namespace', `${ARN}shop/api-AbCdEf`, 'default namespace'],
  'a secret of another namespace': [
    'namespace',
    'bank/api',
    'default namespace allow-list, listed',
  ],
  'a namespace that begins alike': [
    'namespace',
    'shopping/api',
    'default namespace allow-list, listed',
  ],
  'the namespace without a name': ['namespace', 'shop/', 'default namespace allow-list, listed'],
  'a parameter path of the own namespace': ['namespace', '/shop', 'default namespace'],
  'one below it': ['namespace', '/shop/api', 'default namespace'],
  'a parameter path of another one': ['namespace', '/bank', 'denied'],
  'all parameters': ['namespace', '/', 'denied'],
  'a parameter path that leads out of the own namespace by ..': [
    'namespace',
    '/shop/../bank',
    'denied',
  ],
  'one that leads back into it': ['namespace', '/bank/../shop', 'denied'],
  'one that goes nowhere by .': ['namespace', '/shop/./api', 'denied'],
  'one that ends in ..': ['namespace', '/shop/..', 'denied'],
  'a parameter path that leads out of a rule by ..': ['deny', '/shared/../bank', 'denied'],
  'one deeper in it': ['deny', '/shared/a/../../bank', 'denied'],
  'a parameter path with dots in its names': ['deny', '/shared/.hidden/..more/v1.2', 'shared'],
  'a secret that leads out of the own namespace by ..': [
    'namespace',
    'shop/../bank/api',
    'default namespace allow-list, listed',
  ],
  'a secret that leads out of a rule by ..': ['deny', 'shared/..', 'denied'],
  'an ARN that leads out of a rule by ..': ['deny', `${ARN}team/../bank-AbCdEf`, 'denied'],
  'an ARN that begins with ..': ['deny', `${ARN}../team/a-AbCdEf`, 'denied'],
  'a secret without a rule': ['deny', 'shop/api', 'denied'],
  'a secret without a rule, where all is allowed': ['allow', 'bank/api', 'default allow'],
  'a secret of a rule': ['deny', 'shared/db', 'shared'],
  'its ARN, whole': ['deny', `${ARN}shared/db-AbCdEf`, 'shared'],
  'a secret of a rule for another namespace': ['deny', 'vault/key', 'denied'],
  'a parameter path of a rule for another namespace': ['deny', '/vault', 'denied'],
  'an ARN that may stand for the namespace without a name': [
    'namespace',
    `${ARN}shop/-AbCdEf`,
    'default namespace allow-list, listed',
  ],
  'a secret deeper than the rule': ['deny', 'shared/db/main', 'denied'],
  'a parameter path of a rule': ['deny', '/shared/db/main', 'shared'],
  'an ARN of a rule': ['deny', `${ARN}team/a/b-AbCdEf`, 'by-arn'],
  'a name that only its ARN would allow': ['deny', 'team/a', 'denied'],
};

for (const [name, [accessDefault, id, outcome]] of Object.entries(cases)) {
  test(`${name} (${accessDefault}): ${outcome}`, () => {
    const decision = decideGrant({ rules, accessDefault, prefix: '' }, api, target(id));
    const said = decision.allowed
      ? `${decision.grant.rule}${decision.grant.onlyIfListed ? ', listed' : ''}`
      : 'denied';
    assert.equal(said, outcome);
    if (!decision.allowed) assert.match(decision.message, /shop:api may not read .*piggy-access/);
  });
}

const doubtful: Record<string, [rule: string, id: string, outcome: string]> = {
  'a name is itself': ['shared/db', 'shared/db', 'sure'],
  'an ARN whose end may be the end of AWS, of a rule for the name without it': [
    'shared/db',
    `${ARN}shared/db-secret`,
    'doubtful',
  ],
  'such an ARN, of a rule for the name with it': [
    'shared/db-secret',
    `${ARN}shared/db-secret`,
    'doubtful',
  ],
  'such an ARN, of a rule for both names': ['shared/*', `${ARN}shared/db-secret`, 'sure'],
  'such an ARN, of a rule for that ARN': [
    `${ARN}shared/db-secret`,
    `${ARN}shared/db-secret`,
    'doubtful',
  ],
  'such an ARN, of a rule for what begins like it': [
    `${ARN}shared/db-*`,
    `${ARN}shared/db-secret`,
    'sure',
  ],
  'an ARN without the end of AWS end': ['shared/db', `${ARN}shared/db`, 'sure'],
  'an ARN without it, of a rule that the end of AWS answer cannot fit': [
    `${ARN}shared/db`,
    `${ARN}shared/db`,
    'denied',
  ],
  'a rule whose name is shorter by other than the end of AWS end': [
    'shared/db',
    `${ARN}shared/db-main`,
    'denied',
  ],
};

for (const [name, [glob, id, outcome]] of Object.entries(doubtful)) {
  test(`${name}: ${outcome}`, () => {
    const rule: AccessRule = { name: 'one', namespaces: ['shop'], secrets: [glob] };
    const decision = decideGrant(
      { rules: [rule], accessDefault: 'deny', prefix: '' },
      api,
      target(id),
    );
    const allowed = decision.allowed && (decision.grant.mayBeAnother ? 'doubtful' : 'sure');
    assert.equal(allowed || 'denied', outcome);
  });
}

const PARAMETER = 'arn:aws:ssm:eu-west-1:123456789012:parameter';
const parameterRules = [
  { name: 'below', namespaces: ['shop'], parameterPaths: ['/shared/**'] },
  { name: 'one', namespaces: ['shop'], parameterPaths: ['/team/url', '/folder'] },
  { name: 'by-arn', namespaces: ['shop'], parameterPaths: [`${PARAMETER}/other/*`] },
  { name: 'dots', namespaces: ['shop'], parameterPaths: ['/folder/../bank'] },
];
const parameters: Record<string, Case> = {
  'a parameter of the own namespace': ['namespace', '/shop/url', 'default namespace'],
  'its ARN': ['namespace', `${PARAMETER}/shop/url`, 'default namespace'],
  'a parameter named like the namespace': ['namespace', '/shop', 'denied'],
  'one at the root, named like the namespace': ['namespace', 'shop', 'denied'],
  'one of a namespace that begins alike': ['namespace', '/shopping/url', 'denied'],
  'one of another namespace, which no list can open': ['namespace', '/bank/url', 'denied'],
  'one below a path of a rule': ['deny', '/shared/db/url', 'below'],
  'one that a rule names': ['deny', '/team/url', 'one'],
  'one beside it': ['deny', '/team/other', 'denied'],
  'one that begins with its name': ['deny', '/team/url2', 'denied'],
  'one under a path that a rule names': ['deny', '/folder/deep/url', 'one'],
  'the ARN of one that a rule names': ['deny', `${PARAMETER}/team/url`, 'one'],
  'an ARN of a rule': ['deny', `${PARAMETER}/other/url`, 'by-arn'],
  'an ARN deeper than the rule': ['deny', `${PARAMETER}/other/url/deep`, 'denied'],
  'the same name in another account': [
    'deny',
    `${PARAMETER.replace('123456789012', '210987654321')}/other/url`,
    'denied',
  ],
  'a name that only its ARN would allow': ['deny', '/other/url', 'denied'],
  'one that leads out of the own namespace by ..': ['namespace', '/shop/../bank/url', 'denied'],
  'one that leads out of a rule by ..': ['deny', '/shared/../bank/url', 'denied'],
  'one that leads out of a path that a rule names': ['deny', '/folder/../bank/url', 'denied'],
  'an ARN that leads out of a rule': ['deny', `${PARAMETER}/other/..`, 'denied'],
  'one with dots, which a rule names': ['deny', '/folder/../bank', 'dots'],
  'a parameter without a rule, where all is allowed': ['allow', '/bank/url', 'default allow'],
};

for (const [name, [accessDefault, id, outcome]] of Object.entries(parameters)) {
  test(`named one by one: ${name} (${accessDefault}): ${outcome}`, () => {
    const policy = { rules: parameterRules, accessDefault, prefix: '' };
    const source = { kind: 'parameter', id, selector: ':3', region: 'eu-west-1' } as const;
    const decision = decideGrant(policy, api, targetOf(source));
    assert.equal(decision.allowed ? decision.grant.rule : 'denied', outcome);
    if (!decision.allowed) {
      assert.match(decision.message, /shop:api may not read parameter \/.*parameterPaths \[\//);
    }
  });
}

test('a rule for all paths is one for all parameters', () => {
  const rules = [{ name: 'all', namespaces: ['shop'], parameterPaths: ['/'] }];
  for (const id of ['/any/thing', 'thing']) {
    const source = { kind: 'parameter', id, selector: '', region: 'eu-west-1' } as const;
    const decision = decideGrant(
      { rules, accessDefault: 'deny', prefix: '' },
      api,
      targetOf(source),
    );
    assert.ok(decision.allowed);
  }
});

test('the prefix of default names is that of the setting', () => {
  const policy = { rules: [], accessDefault: 'namespace', prefix: 'prod/' } as const;
  const rule = (id: string) => {
    const decision = decideGrant(policy, api, target(id));
    return decision.allowed && decision.grant.rule;
  };
  assert.equal(rule('prod/shop/api'), 'default namespace');
  assert.equal(rule('/prod/shop'), 'default namespace');
  assert.equal(rule('shop/api'), 'default namespace allow-list');
  assert.equal(rule('/shop'), false);
});

test('what AWS names otherwise is decided again: a rule for one name does not open another', () => {
  const only: AccessRule = { name: 'one', namespaces: ['shop'], secrets: ['shared/db'] };
  const policy = { rules: [only], accessDefault: 'deny', prefix: '' } as const;
  const asked = decideGrant(policy, api, target(`${ARN}shared/db-secret`));
  assert.ok(asked.allowed);
  const named = (name: string) =>
    ({ kind: 'secret', names: [name], arn: `${ARN}${name}` }) as const;
  const again = (name: string) =>
    decideReturned(policy, api, { target: named(name), grant: asked.grant }).allowed;
  assert.equal(again('shared/db'), true);
  assert.equal(again('shared/db-secret'), false);
  assert.equal(again(''), false);
});

test('a rule says the role, with the service account as its session', () => {
  const roleArn = 'arn:aws:iam::123456789012:role/shop';
  const rule = { name: 'r', namespaces: ['*'], secrets: ['**'], roleArn, externalId: 'x1' };
  const policy = { rules: [rule], accessDefault: 'deny', prefix: '' } as const;
  const decision = decideGrant(policy, api, target('any/thing'));
  const role = { roleArn, externalId: 'x1', account: api, sessionTags: true };
  assert.deepEqual(decision.allowed && decision.grant.role, role);
});

test('what a rule with one role was asked for is not given out by a rule with another', () => {
  const roleArn = 'arn:aws:iam::123456789012:role/shop';
  const asRole = { name: 'as-role', namespaces: ['shop'], secrets: [`${ARN}shared/db*`], roleArn };
  const asProvider = { name: 'as-provider', namespaces: ['shop'], secrets: ['shared/other'] };
  const policy = { rules: [asRole, asProvider], accessDefault: 'deny', prefix: '' } as const;
  const asked = decideGrant(policy, api, target(`${ARN}shared/db`));
  assert.ok(asked.allowed);
  const returned = { kind: 'secret', names: ['shared/other'], arn: `${ARN}shared/other` } as const;
  const again = decideReturned(policy, api, { target: returned, grant: asked.grant });
  assert.ok(!again.allowed);
  assert.match(again.message, /rule as-provider covers it, with another role than rule as-role/);
});

test('what was asked for only if it names the account must name it whatever AWS calls it', () => {
  const policy = { rules: [], accessDefault: 'namespace', prefix: '' } as const;
  const grant = {
    rule: 'default namespace allow-list',
    role: undefined,
    onlyIfListed: true,
    mayBeAnother: false,
  };
  const again = decideReturned(policy, api, { target: target('shop/api'), grant });
  assert.equal(again.allowed && again.grant.onlyIfListed, true);
});
