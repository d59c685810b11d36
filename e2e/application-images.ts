// Images of applications that scenarios run, and of the registry that one of them pulls from.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../tools/run.ts';
import type { ImageRecipe } from './build-image.ts';
import type { Engine } from './engine.ts';
import { debianFiles } from './offline/debian-root.ts';
import { tells, tellsAll } from './tells.ts';

export const applicationImages = {
  /** Nothing but one static program. */
  static: 'piggy-e2e/static:checkout',
  /** Says itself what it runs: it tells DB_PASSWORD. */
  selfContained: 'piggy-e2e/self-contained:checkout',
  /** Says itself what it runs: it tells all of its variables and its arguments; with the argument `migrate` it then ends. */
  tellsAll: 'piggy-e2e/tells-all:checkout',
  registry: 'piggy-e2e/registry:checkout',
} as const;

export async function applicationRecipes(
  { kind, env }: Engine,
  busybox: string,
): Promise<ImageRecipe[]> {
  const files = { name: 'registry', packages: ['libc6', 'docker-registry'] };
  const registry =
    kind === 'installed'
      ? ['FROM registry:2']
      : [
          `FROM ${await debianFiles(files, env)}`,
          'ENTRYPOINT ["/usr/bin/docker-registry", "serve", "/etc/docker/registry/config.yml"]',
        ];
  const command = tells(['DB_PASSWORD']);
  const selfContained = [
    `FROM ${busybox}`,
    `ENTRYPOINT ${JSON.stringify(command.slice(0, -1))}`,
    `CMD ${JSON.stringify(command.slice(-1))}`,
  ];
  return [
    staticProgram,
    fromLines(applicationImages.selfContained, selfContained),
    fromLines(applicationImages.tellsAll, [
      `FROM ${busybox}`,
      `ENTRYPOINT ${JSON.stringify(tellsAll)}`,
    ]),
    fromLines(applicationImages.registry, registry),
  ];
}

function fromLines(name: string, lines: readonly string[]): ImageRecipe {
  return {
    name,
    inputs: lines,
    fill: (folder) => {
      writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
    },
  };
}

const staticProgram: ImageRecipe = {
  name: applicationImages.static,
  fill: async (folder) => {
    const source = join(import.meta.dirname, 'applications/static/main.go');
    const env = { ...process.env, CGO_ENABLED: '0', GOOS: 'linux' };
    const args = ['build', '-trimpath', '-buildvcs=false', '-o', join(folder, 'tells'), source];
    await output('go', args, { env });
    const lines = ['FROM scratch', 'COPY tells /tells', 'ENTRYPOINT ["/tells"]', ''];
    writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'));
  },
};
