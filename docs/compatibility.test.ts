// Holds what the pages say of versions of Kubernetes to what the cluster tests can run, and to what they came to.
// UPDATE_GOLDEN=1 writes the table of docs/compatibility.md anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';
import { readResults, type Result } from '../e2e/results.ts';
import { allScenarios } from '../e2e/scenario-list.ts';
import { renderCompatibilityTable } from '../tools/compatibility-table.ts';
import { kubernetesVersions, newestKubernetes, oldestKubernetes } from '../tools/kubernetes.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const path = 'docs/compatibility.md';
const begin = '<!-- results: written by UPDATE_GOLDEN=1 node --test docs/compatibility.test.ts -->';
const end = '<!-- end of results -->';
const oldest = oldestKubernetes().minor;
const newest = newestKubernetes().minor;

test('the table shows the recorded runs', async () => {
  const page = read(path);
  const [before = '', rest = ''] = page.split(begin);
  const after = rest.split(end)[1];
  assert.ok(after !== undefined, `${path} lacks ${begin} … ${end}`);
  const table = renderCompatibilityTable(kubernetesVersions(), readResults());
  const written = `${before}${begin}\n\n${table}\n\n${end}${after}`;
  const options = await resolveConfig(join(root, path));
  const expected = await format(written, { ...options, parser: 'markdown' });
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(join(root, path), expected);
  assert.equal(read(path), expected, 'stale: see its comment');
});

for (const [minor, result] of Object.entries(readResults())) {
  test(`the run on Kubernetes ${minor} tells of each scenario once`, () => {
    assert.ok(result.kubernetes.startsWith(`v${minor}.`));
    const named = namesIn(result);
    assert.deepEqual(named, [...new Set(named)]);
    const unknown = named.filter((name) => !allScenarios().includes(name));
    assert.deepEqual(unknown, [], 'not there any more: record a run again');
  });
}

const statements: Readonly<Record<string, readonly [path: string, statement: string]>> = {
  'the README': ['README.md', `${oldest} or newer; CI runs ${oldest} and ${newest}`],
  'the page': [path, `${oldest} or newer`],
  'getting started': ['docs/getting-started.md', `Kubernetes ${oldest} or newer`],
  'CI runs it: .ci/run': ['.ci/run', `npm run e2e -- --kubernetes ${oldest} --version-dependent`],
};

for (const [what, [file, statement]] of Object.entries(statements)) {
  test(`the oldest Kubernetes is the one of the tests: ${what}`, () => {
    assert.ok(read(file).includes(statement), `${file} does not say: ${statement}`);
  });
}

test('the oldest Kubernetes is the one of the tests: the chart', () => {
  const { kubeVersion } = parse(read('charts/piggy/Chart.yaml')) as { kubeVersion: string };
  assert.equal(kubeVersion, `>=${oldest}.0-0`);
});

function namesIn({ passed, failed, notRun }: Result): string[] {
  return [...passed, ...failed, ...Object.keys(notRun)];
}
