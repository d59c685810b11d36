// Holds the names of AWS in values.schema.json to the texts that provider/aws-names.ts is held to: all of them by the schema
// itself, and as many as fit into the values of one installation by Helm, whose patterns are Go's.

import { Ajv } from 'ajv';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { awsNameVectors, type AwsNameKind } from '../provider/testing/aws-name-vectors.ts';
import { createHelm, type Values } from '../tools/helm.ts';

const text = readFileSync(join(import.meta.dirname, 'piggy/values.schema.json'), 'utf8');
const { $schema, ...schema } = JSON.parse(text) as { readonly $schema: string };
assert.match($schema, /draft-07/);
const isValid = new Ajv({ strict: false }).compile(schema);

const rule = { namespaces: ['shop'] };

/** By the kind of a name, the access rule that has one. */
const rules: Readonly<Partial<Record<AwsNameKind, (text: string) => object>>> = {
  secretGlob: (glob) => ({ ...rule, secrets: [glob] }),
  parameterPathGlob: (glob) => ({ ...rule, parameterPaths: [glob] }),
  roleArn: (roleArn) => ({ ...rule, secrets: ['a'], roleArn }),
};
const named = Object.entries(rules).flatMap(([kind, ruleOf]) =>
  awsNameVectors(kind as AwsNameKind).map((vector, index) => ({
    ...vector,
    kind,
    rule: { name: `${kind}-${index}`, ...ruleOf(vector.text) },
  })),
);

for (const { kind, what, rule, isValid: expected } of named) {
  test(`access.rules: ${kind}: ${expected ? 'takes' : 'refuses'} ${what}`, () => {
    assert.equal(isValid({ access: { rules: [rule] } }), expected);
  });
}

for (const [value, kind] of [
  ['region', 'region'],
  ['roleArn', 'roleArn'],
] as const) {
  for (const { what, text, isValid: expected } of awsNameVectors(kind)) {
    // Empty is not set.
    const isTaken = expected || text === '';
    test(`aws.${value}: ${isTaken ? 'takes' : 'refuses'} ${what}`, () => {
      assert.equal(isValid({ aws: { [value]: text } }), isTaken);
    });
  }
}

const helm = await createHelm();
const valuesOf = (chosen: typeof named): Values => ({
  access: { rules: chosen.map(({ rule }) => rule) },
});

test('Helm takes every name that AWS takes', async () => {
  await helm.render({ values: valuesOf(named.filter(({ isValid }) => isValid)) });
});

test('Helm refuses every other name', async () => {
  const others = named.filter(({ isValid }) => !isValid);
  const refusal = await helm.refusalOf(valuesOf(others));
  const passed = others.filter((_, index) => !refusal.includes(`at '/access/rules/${index}/`));
  assert.deepEqual(passed, []);
});

test('Helm takes every region that there is', { timeout: 600_000 }, async () => {
  for (const { text, isValid: expected } of awsNameVectors('region')) {
    if (expected) await helm.render({ values: { aws: { region: text } } });
  }
});
