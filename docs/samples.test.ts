// Holds the samples of the documents: access rules, values of the chart, settings, IAM policies.

import { Ajv } from 'ajv';
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { settings } from '../provider/config/settings.ts';
import { parseAccessRules } from '../provider/secrets/access-rules.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('samples/access.yaml holds access rules', () => {
  assert.equal(parseAccessRules(read('docs/samples/access.yaml')).length, 2);
});

for (const path of globSync('docs/samples/values-*.yaml', { cwd: root })) {
  test(`${path} fits the schema of the chart, and names settings that exist`, () => {
    const schema = JSON.parse(read('charts/piggy/values.schema.json')) as { $schema?: string };
    delete schema.$schema;
    const validate = new Ajv({ strict: false }).compile(schema);
    const values = parse(read(path)) as { readonly env?: object };
    assert.ok(validate(values), JSON.stringify(validate.errors));
    for (const name of Object.keys(values.env ?? {})) assert.ok(name in settings, name);
  });
}

test('samples/kyverno-context.yaml holds what inject-secrets reads', () => {
  const context = parse(read('docs/samples/kyverno-context.yaml')) as {
    spec: { resources: { kind: string; metadata: { name: string }; data: object }[] };
  };
  const named = context.spec.resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  assert.deepEqual(named, ['ConfigMap piggy', 'ConfigMap piggy-ca', 'Secret piggy-admission']);
  const [{ data } = { data: {} }] = context.spec.resources;
  for (const name of Object.keys(data)) assert.ok(name in settings, name);
});

type IamPolicy = {
  readonly Statement: readonly {
    readonly Action: string | readonly string[];
    readonly Effect: string;
  }[];
};

const actionsOf = (path: string) =>
  (JSON.parse(read(path)) as IamPolicy).Statement.flatMap(({ Action }) => Action).sort();

const services: Readonly<Record<string, string>> = {
  ecr: 'ecr',
  'ecr-public': 'ecr-public',
  'secrets-manager': 'secretsmanager',
  ssm: 'ssm',
  sts: 'sts',
};

/** What the provider's code calls: the commands and paginators that it takes from the clients of AWS. */
function calledActions(): string[] {
  const files = globSync('provider/**/*.ts', { cwd: root }).filter(
    (path) => !/\.test\.ts$|\/testing\//.test(path),
  );
  const actions = files.flatMap((path) => {
    const source = read(path);
    const clients = source.matchAll(/(?:from |import\()'@aws-sdk\/client-([\w-]+)'/g);
    return [...clients].flatMap(([, client = '']) => {
      const names = [...source.matchAll(/new (?:\w+\.)?(\w+)Command\(|\bpaginate(\w+)\(/g)];
      return names.map(
        ([, command, pages]) => `${services[client] ?? client}:${command ?? pages ?? ''}`,
      );
    });
  });
  return [...new Set(actions)].sort();
}

/** What AWS asks for beside the call itself. */
const implied = [
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
  'kms:Decrypt',
  'sts:GetServiceBearerToken',
  'sts:TagSession',
];
/** Every identity may. */
const free = ['sts:GetCallerIdentity'];

test('the IAM policy path by path allows exactly what the code calls', () => {
  const called = calledActions().filter((action) => !free.includes(action));
  assert.deepEqual(actionsOf('docs/samples/iam-per-path.json'), [...called, ...implied].sort());
});

test('the least IAM policy allows reading secrets and nothing else', () => {
  assert.deepEqual(actionsOf('docs/samples/iam-minimal.json'), [
    'kms:Decrypt',
    'secretsmanager:GetSecretValue',
    'ssm:GetParameters',
    'ssm:GetParametersByPath',
  ]);
});

test('no IAM policy of the documents lists or describes anything', () => {
  for (const path of globSync('docs/samples/iam-*.json', { cwd: root })) {
    for (const action of actionsOf(path)) assert.doesNotMatch(action, /\*|:List|:Describe/);
  }
});
