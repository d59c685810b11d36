// Runs the programs of a cluster test: kubectl, docker, kind. A program that fails ends the step with what it said.

import { spawn } from 'node:child_process';

export type CommandOptions = {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string;
  readonly input?: string;
};

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end, whatever its exit code; only a program that cannot start throws. */
export function finish(
  command: string,
  args: readonly string[],
  { input, env, cwd }: CommandOptions = {},
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
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await finish(command, args, options);
  if (code === 0) return stdout.trimEnd();
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stderr || stdout}`);
}
