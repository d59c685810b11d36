// What a kubelet makes of a container's spec: its environment and argv with $(VAR) expanded, the volumes, the image's PATH;
// put where this machine allows it without being root.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expandVariables } from '../provider/launches/signature.ts';
import type { Pod } from '../tools/kyverno-cli.ts';

export type Container = {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
};

export type Running = {
  readonly pid: number | undefined;
  /** Its first line on stdout; undefined where it ended without one. */
  readonly firstLine: Promise<string | undefined>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
};

export type Kubelet = ReturnType<typeof createKubelet>;

export function containerOf(pod: Pod): Container {
  const { containers } = pod['spec'] as { readonly containers: readonly Container[] };
  const [container] = containers;
  if (container === undefined) throw new Error('the Pod has no container');
  return container;
}

/** `launcher` is what the init container installs; `folder` holds the token and, in `bin`, the programs of the image. */
export function createKubelet({ launcher, folder }: { launcher: string; folder: string }) {
  const tokenFile = join(folder, 'token');

  /** What every process of the container is started with, also that of `kubectl exec`. */
  function environmentOf({ env }: Container): Record<string, string> {
    const variables = new Map([['PATH', `${folder}:/usr/bin:/bin`]]);
    for (const { name, value } of env) variables.set(name, expandVariables(value, variables));
    return Object.fromEntries(variables);
  }

  function run(container: Container, argv: readonly string[]): Running {
    const env = environmentOf(container);
    const [file = '', ...args] = argv.map((word) =>
      expandVariables(word, new Map(Object.entries(env))),
    );
    const child = spawn(file === '/piggy/piggy-env' ? launcher : file, args, {
      env: { ...env, PIGGY_TOKEN_FILE: tokenFile },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const ended = once(child, 'close').then(() => ({ code: child.exitCode, output }));
    const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text));
    const firstLine = Promise.race([line, ended.then(() => undefined)]);
    return { pid: child.pid, firstLine, signal: (name) => child.kill(name), ended };
  }

  return {
    mountToken: (token: string) => {
      writeFileSync(tokenFile, token, { mode: 0o600 });
    },
    /** A program of the image: a shell script on its PATH. */
    addProgram: (name: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    },
    start: (container: Container) => run(container, [...container.command, ...container.args]),
    exec: (container: Container, argv: readonly string[]) => run(container, argv),
  };
}
