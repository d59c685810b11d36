// Evaluates env, command and args of a container by a kubelet's own code (tools/go/kubernetes/kubelet).

import { capture } from '../../tools/run.ts';
import type { World } from './generated-pods.ts';

export type Evaluated = {
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly args: readonly string[];
};

type Answer =
  | { readonly error: string }
  | {
      readonly env: Readonly<Record<string, string>>;
      readonly command: readonly string[] | null;
      readonly args: readonly string[] | null;
    };

export async function evaluate(program: string, worlds: readonly World[]): Promise<Evaluated[]> {
  const input = worlds.map((world) => JSON.stringify(world)).join('\n');
  const { code, stdout, stderr } = await capture(program, [], { input });
  if (code !== 0) throw new Error(`the kubelet's code ended with ${code}:\n${stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const read = JSON.parse(line) as Answer;
      if ('error' in read) throw new Error(read.error);
      // Go writes null for an empty list.
      return { env: read.env, command: read.command ?? [], args: read.args ?? [] };
    });
}
