// Holds docs/configuration.md against the table of settings; UPDATE_GOLDEN=1 writes it anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { renderConfigurationPage } from './configuration-page.ts';
import { settingGroups, settings } from './settings.ts';

const path = join(import.meta.dirname, '../../docs/configuration.md');
const options = await resolveConfig(path);
const rendered = await format(renderConfigurationPage(), { ...options, parser: 'markdown' });

test('docs/configuration.md is what the table of settings says', () => {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, rendered);
  assert.equal(
    readFileSync(path, 'utf8'),
    rendered,
    'stale: run UPDATE_GOLDEN=1 node --test provider/config/configuration-page.test.ts',
  );
});

test('every setting has its place on the page, once', () => {
  const grouped = Object.values(settingGroups).flatMap((group) => Object.keys(group));
  assert.deepEqual(grouped.toSorted(), Object.keys(settings).toSorted());
});

test('every default can be read', () => {
  for (const group of Object.values(settingGroups)) {
    for (const { kind, fallback } of Object.values(group)) {
      if (fallback) assert.doesNotThrow(() => kind.parse(fallback));
    }
  }
});
