import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessRule } from './access-rules.ts';
import { parseReference } from './reference.ts';
import type { SecretSource } from './source.ts';
import { decideSource } from './whole-secrets.ts';

const api = { namespace: 'shop', name: 'api' };
const version = { kind: 'stage', stage: 'AWSCURRENT' } as const;
const region = 'eu-west-1';
const secret = { kind: 'secretsManager', secretId: 'shared/db', version, region } as const;
const path = { kind: 'parameterStore', path: '/shared', region } as const;
const parameter = { kind: 'parameter', id: '/shared/url', selector: '', region } as const;

const base = { namespaces: ['shop'], secrets: ['shared/*'], parameterPaths: ['/shared/**'] };
const forbids: AccessRule = { ...base, name: 'keys', wholeSecrets: 'forbidden' };
const requires: AccessRule = { ...base, name: 'wholes', wholeSecrets: 'required' };
const both: AccessRule = { ...base, name: 'both' };

type Case = [rules: AccessRule[], source: SecretSource, texts: string[], outcome: string | RegExp];
const cases: Record<string, Case> = {
  'a key, by a rule that forbids wholes': [[forbids], secret, ['key:A'], 'keys'],
  'the whole text, by a rule that forbids it': [
    [forbids],
    secret,
    ['.'],
    /rule keys covers single keys only .* refer to its keys one by one$/,
  ],
  'a key and the whole text, by a rule that forbids it': [[forbids], secret, ['A', '.'], /keys/],
  'the whole text, by a rule that requires it': [[requires], secret, ['.'], 'wholes'],
  'a key, by a rule that requires wholes': [[requires], secret, ['A'], /rule wholes covers it as/],
  'a key and the whole text, by a rule that requires wholes': [
    [requires],
    secret,
    ['A', '.'],
    /rule wholes covers it as a whole only/,
  ],
  'the whole text, by the rule that does': [[forbids, requires], secret, ['.'], 'wholes'],
  'a key and the whole text, by a rule for each': [[forbids, requires], secret, ['A', '.'], /rule/],
  'a key and the whole text, by a rule for both': [[both], secret, ['A', '.'], 'both'],
  'all keys, by a rule that forbids wholes': [[forbids], secret, ['all:.'], /rule keys covers/],
  'all keys and one, by a rule that requires wholes': [
    [requires],
    secret,
    ['all:.', 'A'],
    /rule wholes covers it as a whole only/,
  ],
  'all keys, by a rule that requires wholes': [[requires], secret, ['all:.', '.'], 'wholes'],
  'all keys of a path, by a rule that forbids wholes': [[forbids], path, ['all:.'], /rule keys/],
  'all keys of a parameter, by a rule that forbids wholes': [
    [forbids],
    parameter,
    ['all:parameter:/shared/url'],
    /rule keys covers/,
  ],
  'a parameter of a path': [[forbids], path, ['A'], 'keys'],
  'the text of a parameter that is named': [
    [forbids],
    parameter,
    ['parameter:/shared/url'],
    'keys',
  ],
};

for (const [name, [rules, source, texts, outcome]] of Object.entries(cases)) {
  test(`${name}: ${String(outcome)}`, () => {
    const wanted = { source, references: texts.map(parseReference) };
    const decision = decideSource({ rules, accessDefault: 'deny', prefix: '' }, api, wanted);
    if (typeof outcome === 'string') assert.equal(decision.allowed && decision.grant.rule, outcome);
    else assert.match(decision.allowed ? decision.grant.rule : decision.message, outcome);
  });
}

test('what is decided later is decided by the same rules', () => {
  const policy = { rules: [forbids, both], accessDefault: 'deny', prefix: '' } as const;
  const decision = decideSource(policy, api, { source: secret, references: [parseReference('.')] });
  assert.ok(decision.allowed);
  assert.deepEqual(decision.policy.rules, [both]);
});

test('where no rule covers, the default allows single keys and wholes', () => {
  const own = { ...secret, secretId: 'shop/db' };
  for (const text of ['A', '.']) {
    const policy = { rules: [forbids], accessDefault: 'namespace', prefix: '' } as const;
    const wanted = { source: own, references: [parseReference(text)] };
    const decision = decideSource(policy, api, wanted);
    assert.equal(decision.allowed && decision.grant.rule, 'default namespace');
  }
});

const anyRules = fc.array(fc.constantFrom(forbids, requires, both), { maxLength: 4 });
const anyTexts = fc.array(fc.constantFrom('A', '.', 'key:B', 'db.0'), { minLength: 1 });

test('wholeSecrets takes away and gives nothing: what it lets through, the rules let through without it', () => {
  fc.assert(
    fc.property(anyRules, anyTexts, (rules, texts) => {
      const wanted = { source: secret, references: texts.map(parseReference) };
      const policy = { rules, accessDefault: 'deny', prefix: '' } as const;
      const decision = decideSource(policy, api, wanted);
      const hasWhole = texts.includes('.');
      const isExpected = rules.some(({ wholeSecrets }) =>
        wholeSecrets === 'forbidden'
          ? !hasWhole
          : wholeSecrets === undefined || texts.every((text) => text === '.'),
      );
      assert.equal(decision.allowed, isExpected);
    }),
  );
});
