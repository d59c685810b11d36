// Runs programs for the project's own commands: the caller sees their output, or gets it back.

import { spawn, type SpawnOptions } from 'node:child_process';

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end and returns what it said; only a program that cannot start throws. */
export function capture(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
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
