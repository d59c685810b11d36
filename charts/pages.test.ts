// Holds what is made from other files: the README's table from values.yaml, the schema of `env` from the provider's settings.
// UPDATE_GOLDEN=1 writes them anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { settings } from '../provider/config/settings.ts';
import { envSchema, renderValuesTable } from '../tools/chart-pages.ts';

const chart = join(import.meta.dirname, 'piggy');
const read = (name: string) => readFileSync(join(chart, name), 'utf8');
const stale = 'stale: run UPDATE_GOLDEN=1 npx node --test charts/pages.test.ts';

async function assertMade(name: string, parser: string, made: string): Promise<void> {
  const path = join(chart, name);
  const formatted = await format(made, { ...(await resolveConfig(path)), parser });
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, formatted);
  assert.equal(read(name), formatted, stale);
}

test("the README's table is what values.yaml says", async () => {
  const [written = ''] = read('README.md').split(/^\| /m);
  await assertMade(
    'README.md',
    'markdown',
    `${written}${renderValuesTable(read('values.yaml'))}\n`,
  );
});

test('env takes the settings of the provider that no other value sets', async () => {
  const schema = JSON.parse(read('values.schema.json')) as { properties: Record<string, unknown> };
  schema.properties['env'] = envSchema(Object.keys(settings));
  await assertMade('values.schema.json', 'json', JSON.stringify(schema));
});

test('a value without a comment is noticed', () => {
  assert.throws(
    () => renderValuesTable('a:\n  # Said.\n  b: 1\n  c: 2\n'),
    /the value a\.c has no comment/,
  );
});
