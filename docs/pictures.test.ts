// Each picture is drawn from the text beside it: `UPDATE_GOLDEN=1 npx node --test docs/pictures.test.ts` draws them anew.

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Graphviz } from '@hpcc-js/wasm-graphviz';

const folder = join(import.meta.dirname, 'pictures');
const graphviz = await Graphviz.load();

for (const name of globSync('*.dot', { cwd: folder })) {
  test(`the picture of ${name} is what its text says`, () => {
    const drawn = graphviz.dot(readFileSync(join(folder, name), 'utf8'), 'svg');
    const file = join(folder, name.replace(/\.dot$/, '.svg'));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, drawn);
    assert.equal(readFileSync(file, 'utf8'), drawn);
  });
}
