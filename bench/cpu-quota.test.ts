import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createCpuQuota } from './cpu-quota.ts';

function createRoot(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'piggy-cgroup-'));
  context.after(() => {
    rmSync(root, { recursive: true });
  });
  return root;
}

test('of version 2 the quota is one line', (context) => {
  const root = createRoot(context);
  writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory');
  const quota = createCpuQuota(200, root);
  assert.ok('within' in quota);
  const folder = join(root, `piggy-bench-${process.pid}`);
  assert.equal(readFileSync(join(folder, 'cpu.max'), 'utf8'), '20000 100000');
  assert.deepEqual(quota.within(['/bin/true', 'a b']).slice(-2), ['/bin/true', 'a b']);
});

test('of version 1 it is two files of the controller', (context) => {
  const root = createRoot(context);
  mkdirSync(join(root, 'cpu'));
  createCpuQuota(1_500, root);
  const read = (name: string) =>
    readFileSync(join(root, 'cpu', `piggy-bench-${process.pid}`, name), 'utf8');
  assert.deepEqual([read('cpu.cfs_period_us'), read('cpu.cfs_quota_us')], ['100000', '150000']);
});

test('where there is none the reason is told, and nothing is left', (context) => {
  const root = join(createRoot(context), 'missing');
  const quota = createCpuQuota(200, root);
  assert.ok('reason' in quota);
  assert.match(quota.reason, /missing.*ENOENT/);
  assert.ok(!existsSync(root));
});
