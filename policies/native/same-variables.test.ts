// Holds both inject-secrets together: what one of them decides in a variable, the other decides in the same words.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';

type Policy = {
  readonly spec: {
    readonly variables: readonly { readonly name: string; readonly expression: string }[];
    readonly matchConditions: unknown;
    readonly matchConstraints: unknown;
  };
};

/** Those of one name that are about what differs (differences.ts). */
const different = new Set([
  ...['settings', 'ca', 'mark', 'all', 'names', 'builtIn', 'told'],
  ...['notInstalled', 'refused', 'errors', 'containers', 'pieces', 'places'],
]);

const kyverno = readPolicy('inject-secrets.yaml');
const native = readPolicy('native/inject-secrets.yaml');
const shared = native.spec.variables.filter(({ name }) => find(kyverno, name) !== undefined);

for (const { name, expression } of shared) {
  if (different.has(name)) continue;
  test(`both decide ${name} alike`, () => {
    assert.equal(expression, find(kyverno, name));
  });
}

test('both are about the same Pods', () => {
  assert.deepEqual(native.spec.matchConditions, kyverno.spec.matchConditions);
  assert.deepEqual(native.spec.matchConstraints, kyverno.spec.matchConstraints);
});

test('what may differ is in both and differs', () => {
  const names = shared.filter(({ name, expression }) => expression !== find(kyverno, name));
  assert.deepEqual(names.map(({ name }) => name).sort(), [...different].sort());
});

function readPolicy(file: string): Policy {
  const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
  return parseAllDocuments(text)[0]?.toJS() as Policy;
}

function find({ spec }: Policy, wanted: string): string | undefined {
  return spec.variables.find(({ name }) => name === wanted)?.expression;
}
