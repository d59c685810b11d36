import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAccessRules, parseAccessRulesFile } from './access-rules.ts';

test('the example of docs/access-rules.md is read', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/access-rules.md'), 'utf8');
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const names = parseAccessRules(example).map(({ name }) => name);
  assert.deepEqual(names, ['shop-reads-what-is-shared', 'payments-as-its-own-role']);
});

test('an empty file has no rules', () => {
  assert.deepEqual(parseAccessRules('# none yet\n'), []);
});

const rule = 'rules: [{name: a, namespaces: [shop], ';
const broken: Record<string, [text: string, message: string | RegExp]> = {
  'no YAML': ['rules: [', /^the file is not YAML: /],
  'a list': ['- a', 'the file must hold a list under "rules"'],
  'no rules': ['{}', 'the file must hold a list under "rules"'],
  'a field beside the rules': [
    'other: 1',
    'the file has a field "other" beside "rules", which does not exist',
  ],
  'too many rules': [`rules: [${'{},'.repeat(1001)}]`, 'the file has more than 1000 rules'],
  'an unknown field': [
    `${rule}secrets: [a], secret: [b]}]`,
    'rule "a" has a field "secret", which does not exist',
  ],
  'a rule that is a text': ['rules: [a]', 'rule 1 must have fields, such as name and namespaces'],
  'a rule without a name': ['rules: [{namespaces: [b], secrets: [c]}]', 'rule 1 has no name'],
  'a rule with a bad name': [
    'rules: [{name: a b, namespaces: [b], secrets: [c]}]',
    'rule 1: name must be at most 63 letters, digits, "_", "." and "-", and begin with a letter or digit',
  ],
  'a rule for nothing': [
    'rules: [{name: a, namespaces: [shop]}]',
    'rule "a" has neither secrets nor parameterPaths',
  ],
  'a rule for nobody': [
    `rules: [{name: a, namespaces: [], secrets: [a]}]`,
    'rule "a": namespaces must not be empty',
  ],
  'namespaces that are no list': [
    `rules: [{name: a, namespaces: shop, secrets: [a]}]`,
    'rule "a": namespaces must be a list',
  ],
  'more entries than there may be': [
    `${rule}secrets: [${'a,'.repeat(1001)}]}]`,
    'rule "a": secrets must have at most 1000 entries',
  ],
  'a secret that can be none': [
    `${rule}secrets: [a, b c]}]`,
    'rule "a": entry 2 of secrets must be the name or the ARN of a secret, in which "*" may stand',
  ],
  'a path without its slash': [
    `${rule}parameterPaths: [shop]}]`,
    'rule "a": entry 1 of parameterPaths must be a path that begins with "/", or the ARN of a parameter, in which "*" may stand',
  ],
  'wholeSecrets that is a boolean': [
    `${rule}secrets: [a], wholeSecrets: false}]`,
    'rule "a": wholeSecrets must be "forbidden" or "required"',
  ],
  'a role that is none': [
    `${rule}secrets: [a], roleArn: admin}]`,
    'rule "a": roleArn must be the ARN of an IAM role',
  ],
  'an external id without a role': [
    `${rule}secrets: [a], externalId: xx}]`,
    'rule "a" has externalId without roleArn',
  ],
  'two rules of one name': [
    'rules: [{name: a, namespaces: [b], secrets: [c]}, {name: a, namespaces: [b], secrets: [c]}]',
    'rule 2: two rules have the name a; rename this one',
  ],
  'a field twice': [`${rule}secrets: [a], secrets: ["**"]}]`, /^the file is not YAML: /],
  'several mistakes': [
    'rules: [a, {name: b, secrets: [c]}]',
    'rule 1 must have fields, such as name and namespaces; rule "b" has no namespaces',
  ],
  'very many mistakes': [`rules: [${'a,'.repeat(12)}]`, /^(?:rule \d+ must[^;]+; ){10}and 2 more$/],
};

for (const [name, [text, message]] of Object.entries(broken)) {
  test(`${name} is refused`, () => {
    assert.throws(() => parseAccessRules(text), { name: 'RangeError', message });
  });
}

const good = (name: string) => ({ name, namespaces: ['shop'], secrets: ['rds!*'] });
const bad = (name: string) => ({ ...good(name), secrets: ['a b'] });

const mixed: Record<string, [rules: object[], used: string[], mistakes: RegExp[]]> = {
  'rules that are right are all used': [[good('a'), good('b')], ['a', 'b'], []],
  'a rule that is wrong takes only itself away': [
    [good('a'), bad('b'), good('c')],
    ['a', 'c'],
    [/^rule "b": entry 1 of secrets /],
  ],
  'a rule whose name is wrong is called by its position': [
    [good('a'), good('b'), good('not a name')],
    ['a', 'b'],
    [/^rule 3: name /],
  ],
  'of two rules of one name the first is used': [
    [good('a'), { ...good('a'), secrets: ['**'] }],
    ['a'],
    [/^rule 2: two rules have the name a/],
  ],
  'a rule does not take the place of one before it that is wrong and has its name': [
    [bad('a'), good('a')],
    [],
    [/^rule "a": entry 1 /, /^rule 2: two rules have the name a/],
  ],
};

for (const [name, [rules, used, mistakes]] of Object.entries(mixed)) {
  test(name, () => {
    const read = parseAccessRulesFile(JSON.stringify({ rules }));
    assert.deepEqual(
      read.rules,
      used.map((name) => good(name)),
    );
    assert.equal(read.mistakes.length, mistakes.length);
    mistakes.forEach((expected, index) => {
      assert.match(read.mistakes[index] ?? '', expected);
    });
  });
}
