import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

/** What a process has written that does this with `output`. */
function run(work: string): { readonly text: string; readonly signal: string | null } {
  const module = JSON.stringify(join(import.meta.dirname, 'standard-output.ts'));
  const program = `import { createStandardOutput } from ${module};
    const output = createStandardOutput();
    process.on('exit', output.flush);
    ${work}`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { text: stdout, signal };
}

test('a line that is written is out, whatever becomes of the process', () => {
  const { text, signal } = run(`
    output.write('the last line\\n');
    await output.written();
    process.kill(process.pid, 'SIGKILL');`);
  assert.deepEqual({ text, signal }, { text: 'the last line\n', signal: 'SIGKILL' });
});

test('a line that was not written yet is when the process exits', () => {
  const { text } = run(`
    output.write('the last line\\n');
    process.exit();`);
  assert.equal(text, 'the last line\n');
});

test('many lines of one turn come whole and in their order', () => {
  const { text } = run(`
    for (let line = 0; line < 10_000; line += 1) output.write(line + '\\n');`);
  assert.equal(text, Array.from({ length: 10_000 }, (_, line) => `${line}\n`).join(''));
});

test('nothing to write is nothing to wait for', () => {
  const { text } = run(`
    await output.written();
    output.write('first\\n');
    await output.written();
    await output.written();
    output.write('second\\n');`);
  assert.equal(text, 'first\nsecond\n');
});
