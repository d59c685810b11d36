// Runs the provider as a process of its own, with an environment that holds nothing but what it is given.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export type ProviderProcess = {
  readonly launchUrl: string;
  readonly lookupUrl: string;
  readonly operationsUrl: string;
  readonly pid: number;
  /** All that it has written to stdout and stderr so far. */
  readonly output: () => string;
  /** Resolved with the first line that `matches`, be it written already. Rejected when the process ends without it. */
  readonly line: (matches: (line: LogLine) => boolean) => Promise<LogLine>;
  /** Asks it to stop, and resolves with its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number>;
};

export type LogLine = Readonly<Record<string, unknown>>;

export type ProviderEnvironment = Readonly<Record<string, string>>;

const main = join(import.meta.dirname, '../main.ts');

/** Node and what it runs, for a program that starts others. */
export const providerCommand: readonly string[] = [process.execPath, main];

/** What a test sets in any case: listeners of its own, and a stop without delay. */
const defaults = {
  PIGGY_HOST: '127.0.0.1',
  PIGGY_LAUNCH_PORT: '0',
  PIGGY_LOOKUP_PORT: '0',
  PIGGY_OPERATIONS_PORT: '0',
  PIGGY_DRAIN_DELAY: '0s',
  // No credentials from the machine that the tests run on.
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** Resolved when the provider says that it is ready; rejected, with all of its output, when it ends before. */
export async function startProvider(
  env: ProviderEnvironment,
  args: readonly string[] = [main],
  program = process.execPath,
): Promise<ProviderProcess> {
  const running = spawnProvider(env, args, program);
  const ready = await running.line(({ msg }) => msg === 'ready');
  return {
    ...running,
    launchUrl: `https://127.0.0.1:${String(ready['launchPort'])}`,
    lookupUrl: `http://127.0.0.1:${String(ready['lookupPort'])}`,
    operationsUrl: `http://127.0.0.1:${String(ready['operationsPort'])}`,
  };
}

/** Starts it without waiting for anything; `args` are those of Node, or of the program in its place. */
export function spawnProvider(
  env: ProviderEnvironment,
  args: readonly string[] = [main],
  program = process.execPath,
): Pick<ProviderProcess, 'line' | 'output' | 'pid' | 'stop'> {
  const child = spawn(program, args, { env: { ...defaults, ...env } });
  const exited = once(child, 'exit').then(([code]) => Number(code ?? -1));
  const output = collectOutput(child);
  return {
    pid: child.pid ?? -1,
    output: output.text,
    line: (matches) => output.line(matches),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}

function collectOutput(child: ChildProcess) {
  let text = '';
  let ended = false;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      tell();
    });
  }
  child.on('close', () => {
    ended = true;
    tell();
  });
  return {
    text: () => text,
    line: (matches: (line: LogLine) => boolean) =>
      new Promise<LogLine>((resolve, reject) => {
        const look = () => {
          const found = parseLines(text).find(matches);
          if (found === undefined && !ended) return;
          listeners.delete(look);
          if (found) resolve(found);
          else reject(new Error(`the provider ended:\n${text}`));
        };
        listeners.add(look);
        look();
      }),
  };
}

function parseLines(text: string): LogLine[] {
  const whole = text.split('\n').slice(0, -1);
  return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
}
