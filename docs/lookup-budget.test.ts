// Holds the table of operations.md to the bounds of image lookups, and these to the threads that the image has.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AT_ONCE,
  PER_DOCKER_CONFIG,
  PER_IMAGE,
  PER_QUESTION,
  PER_REQUEST,
  shareHostNames,
} from '../provider/images/lookup-budget.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const dockerfile = readFileSync(join(root, 'images/provider/Dockerfile'), 'utf8');
const threads = Number(/^ENV UV_THREADPOOL_SIZE=(\d+)$/m.exec(dockerfile)?.[1]);

function size(bytes: number): string {
  return bytes >= 1_048_576 ? `${bytes / 1_048_576} MiB` : `${bytes / 1_024} KiB`;
}

function share({ all, perKey }: { readonly all: number; readonly perKey: number }): string {
  return `${all}, of which ${perKey} for one namespace`;
}

const bounds: Readonly<Record<string, string>> = {
  'one question: images': String(PER_QUESTION.images),
  'one question: pull secrets': String(PER_QUESTION.pullSecrets),
  'one question: hosts': String(PER_QUESTION.hosts),
  'one question: requests': String(PER_QUESTION.requests),
  'one question: read': size(PER_QUESTION.bytesRead),
  'one question: commands in the answer': size(PER_QUESTION.bytesAnswered),
  'one image: platforms': String(PER_IMAGE.platforms),
  'one image: indexes inside each other': String(PER_IMAGE.indexDepth),
  'one image: manifests and configs': size(PER_IMAGE.bytesRead),
  'one image: command': size(PER_IMAGE.commandBytes),
  'one request: manifest or config': size(PER_REQUEST.contentBytes),
  "one request: token server's answer": size(PER_REQUEST.tokenBytes),
  'one request: error': size(PER_REQUEST.errorBytes),
  'one request: redirects': String(PER_REQUEST.redirects),
  'one request: tries': String(PER_REQUEST.tries),
  'one docker config: entries': String(PER_DOCKER_CONFIG.entries),
  'at once: images': share(AT_ONCE.images),
  'at once: pull secrets': share(AT_ONCE.pullSecrets),
  'at once: host names': share(shareHostNames(threads)),
};

test('operations.md shows every bound of image lookups, and no other', () => {
  const [, section = ''] = page.split('## What image lookups may use');
  const [table = ''] = section.split('\n## ');
  const rows = [...table.matchAll(/^\| ((?:one|at) [\w ]+: [^|]+?) +\| ([^|]+?) +\|/gm)];
  const shown = rows.map(([, name = '', bound = '']) => [name, bound]);
  assert.deepEqual(Object.fromEntries(shown), bounds);
  assert.equal(shown.length, Object.keys(bounds).length);
});

test('no bound of the table is missing here', () => {
  const tables = [PER_QUESTION, PER_IMAGE, PER_REQUEST, PER_DOCKER_CONFIG, AT_ONCE];
  const constants = tables.flatMap((table) => Object.keys(table));
  // The share of host names is computed.
  assert.equal(Object.keys(bounds).length, constants.length + 1);
});

test('the image has threads enough for launches beside lookups, as configuration.md says', () => {
  const resolving = Math.floor((threads + 1) / 2);
  assert.ok(resolving - shareHostNames(threads).all >= 8);
  const configuration = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  assert.match(configuration, new RegExp(`\`UV_THREADPOOL_SIZE\`.*The image sets ${threads}\\.`));
});
