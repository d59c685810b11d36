// What the chart installs when nothing is said: charts/defaults.yaml, whole, and the policies as they are.
// UPDATE_GOLDEN=1 writes the snapshot anew; the diff is reviewed.

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHelm } from '../tools/helm.ts';

const snapshot = join(import.meta.dirname, 'defaults.yaml');
const policies = join(import.meta.dirname, '../policies');
const helm = await createHelm();

test('the defaults are those of the snapshot', async () => {
  const rendered = await helm.render();
  const isOfPolicy = (document: string) =>
    document.startsWith('# Source: piggy/templates/policies.yaml');
  const documents = rendered.split(/^---\n/m).filter((document) => !isOfPolicy(document));
  const text = documents.join('---\n');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(snapshot, text);
  assert.equal(text, readFileSync(snapshot, 'utf8'));
});

test('the policies are the files of policies/', async () => {
  const rendered = await helm.render();
  for (const document of policyDocuments()) assert.ok(rendered.includes(document), document);
});

test('in another namespace the policies differ in its name alone', async () => {
  const rendered = await helm.render({ name: 'piggy-webhooks', namespace: 'piggy-webhooks' });
  for (const document of policyDocuments()) {
    const moved = document.replaceAll(/\bpiggy-system\b/g, 'piggy-webhooks');
    assert.ok(rendered.includes(moved), moved);
  }
  assert.doesNotMatch(rendered, /piggy-system/);
});

function policyDocuments(): string[] {
  return globSync('*.yaml', { cwd: policies }).flatMap((file) =>
    readFileSync(join(policies, file), 'utf8')
      .split(/^---$/m)
      .map((document) => document.trim()),
  );
}
