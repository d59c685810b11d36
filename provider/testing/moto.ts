// Runs moto, which behaves as AWS does, for tests of the AWS clients: installed once by pip, into the tool cache.
// https://docs.getmoto.org/en/latest/docs/server_mode.html

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cached } from '../../tools/cache.ts';

export type Moto = {
  /** For AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

const PYTHON = 'python3';
const requirements = join(import.meta.dirname, 'requirements.txt');

/** Why moto cannot run on this machine; `undefined` where it can. */
export function whyNoMoto(): string | undefined {
  const { status } = spawnSync(PYTHON, ['-m', 'pip', '--version']);
  return status === 0 ? undefined : `${PYTHON} with pip is not installed`;
}

export async function startMoto(): Promise<Moto> {
  const folder = await install();
  const moto = spawn(PYTHON, ['-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    env: { ...process.env, PYTHONPATH: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // It chooses the port itself and says so, so that nobody takes the port in between.
  const url = await readUrl(moto);
  return {
    url,
    stop: async () => {
      if (moto.exitCode !== null) return;
      const ended = once(moto, 'exit');
      moto.kill('SIGKILL');
      await ended;
    },
  };
}

async function install(): Promise<string> {
  // Compiled packages belong to one version of Python.
  const version = spawnSync(PYTHON, ['--version'], { encoding: 'utf8' }).stdout;
  return cached('moto', [version, readFileSync(requirements, 'utf8')], (folder) => {
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder];
    const { status, stderr } = spawnSync(PYTHON, [...args, '-r', requirements], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`pip cannot install moto: ${stderr}`);
  });
}

async function readUrl(moto: ChildProcess): Promise<string> {
  if (moto.stderr === null) throw new Error('moto has no stderr');
  const said: string[] = [];
  const lines = createInterface({ input: moto.stderr });
  for await (const line of lines) {
    said.push(line);
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) {
      // What it says from now on is thrown away, and must not fill the pipe.
      moto.stderr.resume();
      return url;
    }
  }
  throw new Error(`moto ended before it was ready: ${said.join('\n')}`);
}
