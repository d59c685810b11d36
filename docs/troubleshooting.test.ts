// Holds troubleshooting.md to the code: every error code stands there, with its HTTP status, and no other.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { statuses } from '../provider/http/error-response.ts';

const page = readFileSync(join(import.meta.dirname, 'troubleshooting.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `([a-z_]+)` +\| (?:(\d{3}) )?/gm)].map(([, code = '', status]) => [
    code,
    status,
  ]),
);

test('troubleshooting.md lists every error code and no other', () => {
  assert.deepEqual([...rows.keys()].sort(), Object.keys(statuses).sort());
});

test('the statuses in troubleshooting.md are those that are sent', () => {
  for (const [code, status] of rows) {
    if (status !== undefined)
      assert.equal(Number(status), statuses[code as keyof typeof statuses], code);
  }
});
