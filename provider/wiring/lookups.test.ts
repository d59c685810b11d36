import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { startRegistry, type RegistryOptions } from '../testing/registry.ts';
import { wireLookups } from './lookups.ts';

const closings: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const access = { kind: 'basic', username: 'user', password: 'canary-10c4' } as const;
const app = { entrypoint: ['/app'], cmd: ['serve'] };
const unused = () => Promise.reject(new Error('not asked for in these tests'));
const kubernetes: KubernetesClient = {
  reviewToken: unused,
  readPublishedKeys: unused,
  readPod: unused,
  readSecret: unused,
  writeEvent: unused,
};

/** A registry with an image, and lookups as the provider wires them; `write` puts the docker config there. */
async function start(options: RegistryOptions, before: (path: string, host: string) => void) {
  const registry = await startRegistry(options);
  registry.addImage('team/app', 'v1', app);
  const folder = mkdtempSync(join(tmpdir(), 'piggy-lookups-'));
  const path = join(folder, 'config.json');
  before(path, registry.host);
  const config = loadConfig({
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: '1',
    PIGGY_REGISTRY_PLAIN_HTTP: registry.host,
    PIGGY_REGISTRY_LOOPBACK_HOSTS: registry.host,
    PIGGY_DOCKER_CONFIG_FILE: path,
  });
  const outcomes: string[] = [];
  const observeCall = (outcome: string) => void outcomes.push(outcome);
  const lookups = await wireLookups(config, kubernetes, { credentials: unused, observeCall });
  closings.push(
    lookups.close,
    () => {
      rmSync(folder, { recursive: true });
    },
    registry.close,
  );
  const question = { architectures: [], pullAlways: false, skipVerifyRegistry: false };
  const read = (image = 'team/app:v1') =>
    lookups.readImageConfig(
      { ...question, reference: `${registry.host}/${image}`, pullSecrets: [] },
      new AbortController().signal,
    );
  return { registry, path, read, outcomes, close: lookups.close };
}

/** At once, as Kubernetes swaps what is mounted: nobody reads half of it. */
function writeDockerConfig(path: string, host: string, password: string): void {
  const auth = Buffer.from(`user:${password}`).toString('base64');
  writeFileSync(`${path}.new`, JSON.stringify({ auths: { [host]: { auth } } }));
  renameSync(`${path}.new`, path);
}

/** What a lookup of another image ends with: each has a name of its own, as failures are kept for a while. */
async function readUntil(read: (image: string) => Promise<unknown>, expected: RegExp) {
  for (let count = 0; ; count += 1) {
    const outcome = await read(`team/app${count}:v1`).then(String, String);
    if (expected.test(outcome)) return;
    await setImmediate();
  }
}

test("the provider's docker config is read anew when it changes, and when it comes back", async () => {
  const { registry, path, read } = await start({ access }, (file, host) => {
    writeDockerConfig(file, host, 'wrong');
  });
  await assert.rejects(read(), /401 for team\/app:v1 with the provider's docker config/);
  writeDockerConfig(path, registry.host, access.password);
  // The right password is let in, and told that there is no such image.
  await readUntil(read, /404 for .* with the provider's docker config/);
  writeFileSync(path, 'no JSON');
  await readUntil(read, /the provider's docker config is unreadable/);
  writeDockerConfig(path, registry.host, access.password);
  await readUntil(read, /404 for .* with the provider's docker config/);
  rmSync(path);
  await readUntil(read, /the provider's docker config is unreadable/);
});

test("a docker config that is missing at the provider's start counts once it is there", async () => {
  const { registry, path, read } = await start({ access }, () => undefined);
  await assert.rejects(read(), /the provider's docker config is unreadable/);
  writeDockerConfig(path, registry.host, access.password);
  await readUntil(read, /404 for .* with the provider's docker config/);
});

test('statuses that HTTP does not define are counted as one', async () => {
  const { registry, read, outcomes } = await start({}, () => undefined);
  for (const status of [404, 798, 799]) {
    registry.answerNext(1, /manifests/, { status });
    await assert.rejects(read(`of-${status}:v1`));
  }
  assert.deepEqual([...new Set(outcomes)], ['404', 'other']);
});

test('at shutdown, lookups under way end, and no connection stays open', async () => {
  const { registry, read, close } = await start({}, () => undefined);
  assert.deepEqual((await read()).cmd, app.cmd);
  registry.neverAnswer(/hanging/);
  const hanging = assert.rejects(read('hanging:v1'), { code: 'registry_unavailable' });
  while (!registry.requests.some(({ path }) => path.includes('hanging'))) await setImmediate();
  await close();
  await hanging;
  while (registry.openConnections() > 0) await setImmediate();
});

test('at shutdown, the docker config is no longer watched, which would keep the process alive', async () => {
  const countTimers = () =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = countTimers();
  const { close } = await start({}, () => undefined);
  assert.equal(countTimers(), before + 1);
  await close();
  assert.equal(countTimers(), before);
});
