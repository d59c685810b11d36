// How the image starts the provider, read from its Dockerfile, so that what is measured is what ships.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const IN_IMAGE = '/piggy/provider.mjs';

export type ProviderCommand = {
  /** Of Node: its flags, and the bundle in place of the image's. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

export function readProviderCommand(bundle: string): ProviderCommand {
  const dockerfile = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8');
  const entrypoint = /^ENTRYPOINT (?<json>\[.*\])$/m.exec(dockerfile)?.groups?.['json'] ?? '[]';
  const [, ...args] = JSON.parse(entrypoint) as string[];
  if (args.at(-1) !== IN_IMAGE) throw new Error(`the Dockerfile must start ${IN_IMAGE}`);
  return { args: [...args.slice(0, -1), bundle], env: readEnv(dockerfile) };
}

function readEnv(dockerfile: string): Record<string, string> {
  const variables = dockerfile.matchAll(/^ENV (?<name>\w+)=(?<value>\S*)$/gm);
  return Object.fromEntries(
    Array.from(variables, ({ groups }) => [groups?.['name'] ?? '', groups?.['value'] ?? '']),
  );
}
