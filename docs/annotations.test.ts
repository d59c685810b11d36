// Holds annotations.md to the policies: every annotation that they take stands there, and no other.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');

test('annotations.md names every annotation that require-injection takes, and no other', () => {
  const [, list = ''] = /name: misspelt\s+expression: >-\s+[^[]*\[([^\]]*)\]/.exec(
    read('../policies/require-injection.yaml'),
  ) ?? ['', ''];
  const taken = [...list.matchAll(/'([\w-]+)'/g)].map(([, name = '']) => name);
  assert.ok(taken.length > 20);
  const page = read('annotations.md');
  const named = [...page.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell = '']) => expand(cell));
  const written = ['piggy-uid', 'piggy-error'];
  assert.deepEqual([...new Set([...named, ...written])].sort(), taken.sort());
  for (const name of written) assert.ok(page.includes(`\`${name}\``), name);
});

/** "`piggy-env-resource-cpu-request`, `-cpu-limit`" names two: the second goes on where the first one's stem ends. */
function expand(cell: string): string[] {
  const [first = '', ...others] = [...cell.matchAll(/`([a-z][\w-]*|-[\w-]+)`/g)].map(
    ([, name = '']) => name,
  );
  if (first === '' || cell.includes('piggy:')) return [];
  return [
    first,
    ...others.map((name) => (name.startsWith('-') ? stemOf(first, name) + name : name)),
  ];
}

function stemOf(first: string, ending: string): string {
  const parts = ending.split('-').length - 1;
  return first.split('-').slice(0, -parts).join('-');
}
