// Holds threat-model.md to the code: every test that it names exists, and every rule names one.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
const named = [...page.matchAll(/\[(?<path>[\w./-]+\.test\.ts): (?<title>[^\]]+)\]/g)].map(
  ({ groups }) => ({ path: groups?.['path'] ?? '', title: groups?.['title'] ?? '' }),
);

for (const { path, title } of named) {
  test(`${path} holds: ${title}`, () => {
    const file = join(root, path);
    assert.ok(existsSync(file), `${path} does not exist`);
    assert.ok(readFileSync(file, 'utf8').includes(title), `${path} has no test of that name`);
  });
}

test('every rule names the test that holds it', () => {
  const rules = page.slice(page.indexOf('## Rules'), page.indexOf('## What is logged'));
  const items = rules.split(/\n- /).slice(1);
  assert.ok(items.length > 20);
  // This one says what is not a rule.
  const exempt = '`PIGGY_ALLOWED_SA` is no boundary';
  for (const item of items) {
    if (!item.startsWith(exempt)) assert.match(item, /\[[\w./-]+\.test\.ts: /, item);
  }
});
