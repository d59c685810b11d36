import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildStopwatch, findProgram } from './stopwatch.ts';

const folder = mkdtempSync(join(tmpdir(), 'piggy-stopwatch-'));
after(() => {
  rmSync(folder, { recursive: true });
});
const stopwatch = await buildStopwatch(folder);
const sh = '/bin/sh';

test('each program is run with its environment, and its end and output are told', async () => {
  const runs = await stopwatch.time([
    { argv: [sh, '-c', 'printf %s "$A"; exit 3'], env: { A: 'x=y' } },
    { argv: [sh, '-c', 'printf %s "${HOME-none}"'], env: {} },
  ]);
  assert.deepEqual(
    runs.map(({ code, stdout }) => [code, stdout]),
    [
      [3, 'x=y'],
      [0, 'none'],
    ],
  );
});

test('waiting takes time, and work takes processor time', async () => {
  const loop = 'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done';
  const [waiting, working] = await stopwatch.time([
    { argv: [sh, '-c', 'sleep 0.2'], env: { PATH: process.env['PATH'] ?? '' } },
    { argv: [sh, '-c', loop], env: {} },
  ]);
  assert.ok(waiting && working);
  assert.ok(waiting.wallMs >= 200 && waiting.cpuMs < waiting.wallMs, JSON.stringify(waiting));
  assert.ok(working.cpuMs > 1 && working.peakMb > 0.5, JSON.stringify(working));
});

test('a program that is not there is an error that names it', async () => {
  await assert.rejects(stopwatch.time([{ argv: ['/no/such'], env: {} }]), /\/no\/such/);
});

test('a program is found where it is installed', async () => {
  assert.equal(await findProgram('no-such-program'), undefined);
  assert.match((await findProgram('sh')) ?? '', /^\/.*sh$/);
});
