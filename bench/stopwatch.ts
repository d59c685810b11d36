// Times programs with bench/stopwatch, which is built for it.

import { join } from 'node:path';
import { capture, output } from '../tools/run.ts';

export type Program = {
  /** The first is the path of the program. */
  readonly argv: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
};

export type Run = {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** At least that of the stopwatch itself, a few MB: Linux carries it over exec. */
  readonly peakMb: number;
  readonly code: number;
  readonly stdout: string;
};

export type Stopwatch = {
  /** In this order, one after the other. */
  readonly time: (programs: readonly Program[]) => Promise<Run[]>;
};

type RawRun = {
  readonly wallUs: number;
  readonly cpuUs: number;
  readonly peakKb: number;
  readonly code: number;
  readonly stdout: string;
};

export async function buildStopwatch(folder: string): Promise<Stopwatch> {
  const path = await build('.', join(folder, 'stopwatch'));
  return {
    time: async (programs) => {
      const input = programs.map(({ argv, env }) => ({
        argv,
        env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      }));
      const text = await output(path, [], { input: JSON.stringify(input) });
      return (JSON.parse(text) as RawRun[]).map(toRun);
    },
  };
}

/** The path of a launcher that does nothing but become the program that its arguments name. */
export function buildBareLauncher(folder: string): Promise<string> {
  return build('./bare', join(folder, 'bare'));
}

async function build(source: string, path: string): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0' };
  const cwd = join(import.meta.dirname, 'stopwatch');
  await output('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', path, source], { cwd, env });
  return path;
}

function toRun({ wallUs, cpuUs, peakKb, ...rest }: RawRun): Run {
  return { wallMs: wallUs / 1_000, cpuMs: cpuUs / 1_000, peakMb: peakKb / 1_024, ...rest };
}

/** The absolute path of a program; `undefined` where it is not installed. */
export async function findProgram(name: string): Promise<string | undefined> {
  const { code, stdout } = await capture('sh', ['-c', 'command -v "$1"', 'sh', name]);
  return code === 0 ? stdout.trim() : undefined;
}
