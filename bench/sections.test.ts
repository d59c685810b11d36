import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceSection } from './page.ts';
import { selectSections } from './sections.ts';

const byName = ['admission', 'profile', 'soak'];
const namesOf = (wanted: readonly string[]) => selectSections(wanted).map(([name]) => name);
const usual = namesOf([]);

test('what needs a cluster or ten minutes, or explains the others, is measured only by name', () => {
  assert.deepEqual(
    usual.filter((name) => byName.includes(name)),
    [],
  );
  assert.deepEqual(namesOf(byName).sort(), byName);
});

test('a section that does not exist is refused with those that do', () => {
  assert.throws(() => selectSections(['secrets', 'speed']), /no such section: speed; .*secrets/);
});

test('each section has its place in the page', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/performance.md'), 'utf8');
  for (const name of [...usual, ...byName]) replaceSection(page, name, 'figures');
});
