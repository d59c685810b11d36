import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { output } from '../tools/run.ts';
import { buildOther, removeOther } from './builds.ts';

test('a revision that does not exist is refused in the words of Git, and leaves nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-builds-'));
  const worktrees = () => output('git', ['worktree', 'list']);
  const before = await worktrees();
  await assert.rejects(buildOther('no-such-revision', folder), /no-such-revision/);
  await removeOther(folder);
  assert.equal(await worktrees(), before);
  rmSync(folder, { recursive: true });
});
