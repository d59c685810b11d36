import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startRemote } from './remote.ts';

type EchoMethods = {
  readonly echo: (value: unknown) => unknown;
  readonly fail: (message: string) => never;
  readonly die: (code: number) => never;
};

const folder = mkdtempSync(join(tmpdir(), 'piggy-remote-'));
after(() => {
  rmSync(folder, { recursive: true });
});
const module = join(folder, 'echo.ts');
writeFileSync(
  module,
  `import { serve } from ${JSON.stringify(join(import.meta.dirname, 'remote.ts'))};
serve({
  echo: (value) => value,
  fail: (message) => { throw new Error(message); },
  die: (code) => process.exit(code),
});`,
);

test('each question gets its own answer, also where several wait', async () => {
  const remote = await startRemote<EchoMethods>(module);
  const asked = [remote.ask('echo', 1), remote.ask('echo', new Map([['a', 2]]))];
  assert.deepEqual(await Promise.all(asked), [1, new Map([['a', 2]])]);
  await remote.stop();
});

test('what fails there fails here, with its reason', async () => {
  const remote = await startRemote<EchoMethods>(module);
  await assert.rejects(remote.ask('fail', 'no values'), /no values/);
  await remote.stop();
});

test('who waits for a process that ended does not wait for ever', async () => {
  const remote = await startRemote<EchoMethods>(module);
  await assert.rejects(remote.ask('die', 3), /ended before it answered/);
});

test('a process that cannot start is told', async () => {
  await assert.rejects(startRemote(join(folder, 'missing.ts')), /ended before it answered/);
});
