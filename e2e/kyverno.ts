// Installs Kyverno's admission controller from its own manifest, with its own RBAC. Its other controllers (background,
// cleanup, reports) take no part in what our policies do, and are left out.

import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goModuleFolder, goTool, kyvernoVersion } from '../tools/go-tools.ts';
import { buildImage } from './build-image.ts';
import type { Engine } from './engine.ts';
import { kubectl, rolledOut } from './kubectl.ts';
import { say, step } from './steps.ts';

const controller = 'kyverno-admission-controller';

export type KyvernoImages = { readonly controller: string; readonly init: string };

/** Installs Kyverno and waits until its admission controller is ready. */
export async function installKyverno(images: KyvernoImages): Promise<void> {
  await step(`Installing Kyverno ${kyvernoVersion}`, async () => {
    const module = await goModuleFolder('kyverno', 'github.com/kyverno/kyverno');
    const manifest = readFileSync(join(module, 'config/install-latest-testing.yaml'), 'utf8');
    const objects = select(manifest, images);
    const hash = createHash('sha256').update(objects.join()).digest('hex');
    const isInstalled = (await installedHash()) === hash;
    // What a run that was killed may have taken away is put back in any case.
    await applyText(isInstalled ? objects.filter(isDeployment) : objects);
    if (!isInstalled)
      await kubectl(['annotate', '--overwrite', ...namespace, `${annotation}=${hash}`]);
    await rolledOut(`deployment/${controller}`, 'kyverno');
  });
}

/** Images to install; those that no registry is to be asked for are built. */
export function kyvernoImages(engine: Engine): Promise<KyvernoImages> {
  return engine.kind === 'offline' ? localImages(engine) : Promise.resolve(releasedImages);
}

const releasedImages: KyvernoImages = {
  controller: `reg.kyverno.io/kyverno/kyverno:${kyvernoVersion}`,
  init: `reg.kyverno.io/kyverno/kyvernopre:${kyvernoVersion}`,
};

async function localImages(engine: Engine): Promise<KyvernoImages> {
  return {
    controller: await imageOf('kyverno-admission-controller', engine),
    init: await imageOf('kyverno-init', engine),
  };
}

async function imageOf(
  name: 'kyverno-admission-controller' | 'kyverno-init',
  { env }: Engine,
): Promise<string> {
  const program = await goTool(name, say);
  const lines = ['FROM scratch', `COPY ${name} /${name}`, `ENTRYPOINT ["/${name}"]`, ''];
  return buildImage(
    {
      name: `piggy-e2e/${name}:${kyvernoVersion}`,
      inputs: [program, ...lines],
      fill: (folder) => {
        copyFileSync(program, join(folder, name));
        writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'));
      },
    },
    env,
  );
}

const namespace = ['namespace', 'kyverno'];
const annotation = 'e2e-manifest';

async function installedHash(): Promise<string> {
  const path = `--output=jsonpath={.metadata.annotations.${annotation}}`;
  return kubectl(['get', ...namespace, path, '--ignore-not-found']);
}

async function applyText(objects: readonly string[]): Promise<void> {
  const apply = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];
  await kubectl(apply, objects.join('---'));
}

/** The manifest's objects without the other controllers, with these images. */
function select(manifest: string, images: KyvernoImages): string[] {
  return manifest
    .split(/^---$/m)
    .filter((object) => !isDeployment(object) || object.includes(`\n  name: ${controller}\n`))
    .map((object) =>
      object
        // Said, so that a run that was killed while it had Kyverno down does no harm to the next.
        .replace(/^( +replicas:) *$/gm, '$1 1')
        // Asked each second whether it has started and is ready, and given up as late: nobody waits for the next time.
        .replace(/periodSeconds: (6|10)$/gm, 'periodSeconds: 1')
        .replace(/failureThreshold: 20$/m, 'failureThreshold: 120')
        .replace(/failureThreshold: 6$/m, 'failureThreshold: 60')
        .replace(/initialDelaySeconds: 5$/m, 'initialDelaySeconds: 0')
        .replace(/image: "\S+\/kyverno:latest"/, `image: ${images.controller}`)
        .replace(/image: "\S+\/kyvernopre:latest"/, `image: ${images.init}`),
    );
}

function isDeployment(object: string): boolean {
  return /^kind: Deployment$/m.test(object);
}
