// Runs programs for the project's own commands: the caller sees their output, or gets it back.

import { spawn, type SpawnOptions } from 'node:child_process';

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string;
  readonly input?: string;
};

/** Runs a program to its end, whatever its exit code; only a program that cannot start throws. */
export function capture(
  command: string,
  args: readonly string[],
  { input, env, cwd }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: env ?? process.env, cwd, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? 1, stdout, stderr });
    });
    // A program that ends without reading its input closes the pipe; its exit code says what that means.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}

/** What a program wrote to standard output, without the last line break; throws where it fails. */
export async function output(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await capture(command, args, options);
  if (code === 0) return stdout.trimEnd();
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stderr || stdout}`);
}

/** Runs a program whose output is shown as it comes; `watch` sees all of it. Returns the exit code. */
export function show(
  command: string,
  args: readonly string[],
  { watch, ...options }: SpawnOptions & { readonly watch?: (text: string) => void } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      from.setEncoding('utf8').on('data', (text: string) => {
        to.write(text);
        watch?.(text);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}
