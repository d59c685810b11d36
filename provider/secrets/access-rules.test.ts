import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAccessRules } from './access-rules.ts';

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
const broken: Record<string, [text: string, reason: RegExp]> = {
  'no YAML': ['rules: [', /not YAML/],
  'a list': ['- a', /must be object/],
  'no rules': ['other: 1', /rules|additional/],
  'an unknown field': [`${rule}secrets: [a], secret: [b]}]`, /secret\)/],
  'a rule for nothing': ['rules: [{name: a, namespaces: [shop]}]', /secrets|parameterPaths/],
  'a rule for nobody': [`rules: [{name: a, namespaces: [], secrets: [a]}]`, /fewer than 1/],
  'a path without its slash': [`${rule}parameterPaths: [shop]}]`, /pattern/],
  'a role that is none': [`${rule}secrets: [a], roleArn: admin}]`, /pattern/],
  'an external id without a role': [`${rule}secrets: [a], externalId: xx}]`, /roleArn/],
  'two rules of one name': [
    'rules: [{name: a, namespaces: [b], secrets: [c]}, {name: a, namespaces: [b], secrets: [c]}]',
    /two rules have the name a/,
  ],
  'a field twice': [`${rule}secrets: [a], secrets: ["**"]}]`, /not YAML/],
};

for (const [name, [text, message]] of Object.entries(broken)) {
  test(`${name} is refused`, () => {
    assert.throws(() => parseAccessRules(text), { name: 'RangeError', message });
  });
}
