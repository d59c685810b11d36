// Installs Kyverno's admission controller from its own manifest, with its own RBAC. Its other controllers (background,
// cleanup, reports) take no part in what our policies do, and are left out.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goModuleFolder, goTool, kyvernoVersion } from '../tools/go-tools.ts';
import type { Cluster } from './cluster.ts';
import { buildImage, type Engine } from './engine.ts';
import { kubectl } from './kubectl.ts';
import { say, step } from './steps.ts';

const controller = 'kyverno-admission-controller';

/** Installs Kyverno and waits until its admission controller is ready. */
export async function installKyverno(cluster: Cluster, engine: Engine): Promise<void> {
  const images = engine.kind === 'offline' ? await localImages(cluster, engine) : releasedImages;
  await step(`Installing Kyverno ${kyvernoVersion}`, async () => {
    const module = await goModuleFolder('kyverno', 'github.com/kyverno/kyverno');
    const manifest = readFileSync(join(module, 'config/install-latest-testing.yaml'), 'utf8');
    const apply = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];
    await kubectl(apply, select(manifest, images));
    const ready = ['rollout', 'status', `deployment/${controller}`, '--timeout=300s'];
    await kubectl([...ready, '--namespace=kyverno']);
  });
}

type Images = { readonly controller: string; readonly init: string };

const releasedImages: Images = {
  controller: `reg.kyverno.io/kyverno/kyverno:${kyvernoVersion}`,
  init: `reg.kyverno.io/kyverno/kyvernopre:${kyvernoVersion}`,
};

async function localImages(cluster: Cluster, engine: Engine): Promise<Images> {
  const images = {
    controller: await imageOf('kyverno-admission-controller', engine),
    init: await imageOf('kyverno-init', engine),
  };
  await cluster.loadImages(Object.values(images));
  return images;
}

async function imageOf(
  name: 'kyverno-admission-controller' | 'kyverno-init',
  engine: Engine,
): Promise<string> {
  const program = await goTool(name, say);
  const folder = mkdtempSync(join(tmpdir(), 'kyverno-image-'));
  try {
    copyFileSync(program, join(folder, name));
    const lines = ['FROM scratch', `COPY ${name} /${name}`, `ENTRYPOINT ["/${name}"]`, ''];
    writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'));
    return await buildImage(engine, { name: `piggy-e2e/${name}:${kyvernoVersion}`, folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The manifest's objects without the other controllers, with these images. */
function select(manifest: string, images: Images): string {
  const isWanted = (object: string) =>
    !/^kind: Deployment$/m.test(object) || object.includes(`\n  name: ${controller}\n`);
  return manifest
    .split(/^---$/m)
    .filter(isWanted)
    .join('---')
    .replace(/image: "\S+\/kyverno:latest"/, `image: ${images.controller}`)
    .replace(/image: "\S+\/kyvernopre:latest"/, `image: ${images.init}`);
}
