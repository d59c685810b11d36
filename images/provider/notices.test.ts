// Which licences come with a bundle.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderNotices } from './notices.ts';

const root = join(import.meta.dirname, '../..');
const file = { bytes: 1, imports: [] };

test('each package that a file of the bundle is from is told once, with the text of its licence', () => {
  const inputs = {
    'provider/main.ts': file,
    'node_modules/hono/dist/index.js': file,
    'node_modules/hono/dist/hono.js': file,
    'node_modules/@hono/node-server/dist/index.mjs': file,
  };
  const text = renderNotices({ inputs, outputs: {} }, root);
  assert.deepEqual(
    [...text.matchAll(/^── (\S+) \S+ \(MIT\)$/gm)].map(([, name]) => name),
    ['@hono/node-server', 'hono'],
  );
  assert.match(text, /Permission is hereby granted/);
});
