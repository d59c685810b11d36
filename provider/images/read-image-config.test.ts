import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { PullSecret } from '../kubernetes/pull-secrets.ts';
import {
  createPullSecret,
  createTestReader,
  startRegistryAndReader,
  withSecrets,
  type ReaderChanges,
} from '../testing/registry-reader.ts';
import type { Answer } from '../testing/registry-access.ts';
import { startRegistry, type RegistryOptions } from '../testing/registry.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function start(options: RegistryOptions = {}, changes: ReaderChanges = {}) {
  const started = await startRegistryAndReader(options, changes);
  closings.push(started.close);
  return started;
}

const app = { entrypoint: ['/app'], cmd: ['serve'] };
const regcred = { pullSecrets: [{ namespace: 'shop', name: 'regcred' }] };

for (const format of ['oci', 'docker'] as const) {
  test(`reads an image of format ${format} by tag and by digest`, async () => {
    const { registry, read } = await start();
    const digest = registry.addImage('team/app', 'v1', { ...app, format });
    assert.deepEqual(await read(`${registry.host}/team/app:v1`), { ...app, digest });
    assert.deepEqual(await read(`${registry.host}/team/app:other@${digest}`), { ...app, digest });
  });

  test(`reads an index of format ${format} whose platforms agree`, async () => {
    const { registry, read } = await start();
    const platforms = ['amd64', 'arm64'].map((architecture) => ({ ...app, architecture, format }));
    const digest = registry.addIndex('team/app', 'v1', platforms);
    assert.deepEqual(await read(`${registry.host}/team/app:v1`), { ...app, digest });
  });
}

test('reads the platform that the Pod selects, and asks for no other', async () => {
  const { registry, read, countOf } = await start();
  registry.addIndex('app', 'v1', [
    { entrypoint: ['/amd64'], architecture: 'amd64' },
    { entrypoint: ['/arm64'], architecture: 'arm64' },
    { entrypoint: ['app.exe'], architecture: 'arm64', os: 'windows' },
  ]);
  const { entrypoint } = await read(`${registry.host}/app:v1`, { architectures: ['arm64'] });
  assert.deepEqual(entrypoint, ['/arm64']);
  assert.equal(countOf(/manifests/), 2);
  await assert.rejects(read(`${registry.host}/app:v1`), {
    code: 'platforms_disagree',
    message: /image app:v1: runs different .* add nodeSelector kubernetes.io\/arch: amd64 or arm64/,
  });
  await assert.rejects(read(`${registry.host}/app:v1`, { architectures: ['s390x'] }), {
    code: 'image_not_found',
    message: /has nothing for linux\/s390x, only for linux\/amd64, linux\/arm64, windows\/arm64/,
  });
});

test('an image that is not there is named', async () => {
  const { registry, read } = await start();
  await assert.rejects(read(`${registry.host}/team/app:v1`), {
    code: 'image_not_found',
    message: `registry ${registry.host}: 404 for team/app:v1 anonymously; check its name and tag, add an imagePullSecret or set command`,
  });
});

test('a tag is believed for the configured time, except for images that are always pulled', async () => {
  const { registry, read, clock, countOf } = await start();
  registry.addImage('app', 'v1', app);
  await read(`${registry.host}/app:v1`);
  registry.addImage('app', 'v1', { entrypoint: ['/new'] });
  clock.now += 59_000;
  assert.deepEqual((await read(`${registry.host}/app:v1`)).entrypoint, ['/app']);
  assert.equal(countOf(/manifests/), 1);
  const always = await read(`${registry.host}/app:v1`, { pullAlways: true });
  assert.deepEqual(always.entrypoint, ['/new']);
});

test('a tag whose time is over costs one HEAD when nothing changed, and is then believed again', async () => {
  const { registry, read, clock } = await start();
  registry.addImage('app', 'v1', app);
  await read(`${registry.host}/app:v1`);
  for (const question of [{}, { pullAlways: true }]) {
    registry.requests.length = 0;
    clock.now += 60_001;
    assert.deepEqual((await read(`${registry.host}/app:v1`, question)).cmd, app.cmd);
    assert.deepEqual(
      registry.requests.map(({ method, path }) => `${method} ${path}`),
      ['HEAD /v2/app/manifests/v1'],
    );
    await read(`${registry.host}/app:v1`);
    assert.equal(registry.requests.length, 1);
  }
});

test('a tag whose time is over is read anew when it names another image', async () => {
  const { registry, read, clock } = await start();
  registry.addImage('app', 'v1', app);
  await read(`${registry.host}/app:v1`);
  registry.addImage('app', 'v1', { entrypoint: ['/new'] });
  clock.now += 60_001;
  assert.deepEqual((await read(`${registry.host}/app:v1`)).entrypoint, ['/new']);
});

const headAnswers: Record<string, Answer> = {
  'that does not know HEAD': { status: 405 },
  'that finds nothing by HEAD': { status: 404 },
  'that does not tell digests': { status: 200 },
  'that tells a digest which is none': {
    status: 200,
    headers: { 'docker-content-digest': 'sha256:nonsense' },
  },
};

for (const [name, answer] of Object.entries(headAnswers)) {
  test(`a tag is read anew from a registry ${name}`, async () => {
    const { registry, read, clock, countOf } = await start();
    registry.addImage('app', 'v1', app);
    await read(`${registry.host}/app:v1`);
    clock.now += 60_001;
    registry.answerNext(1, /manifests/, answer);
    assert.deepEqual((await read(`${registry.host}/app:v1`)).cmd, app.cmd);
    assert.equal(countOf(/blobs/), 1);
  });
}

test('the credential that has read an image before is the first to be tried again', async () => {
  const access = { kind: 'basic', username: 'user', password: 'right' } as const;
  const secrets: Record<string, PullSecret> = {};
  const { registry, read, clock } = await start({ access }, { dependencies: withSecrets(secrets) });
  secrets['shop/old'] = createPullSecret(registry.host, 'user', 'wrong');
  secrets['shop/regcred'] = createPullSecret(registry.host, 'user', 'right');
  registry.addImage('app', 'v1', app);
  const pullSecrets = ['old', 'regcred'].map((name) => ({ namespace: 'shop', name }));
  await read(`${registry.host}/app:v1`, { pullSecrets });
  registry.requests.length = 0;
  clock.now += 60_001;
  await read(`${registry.host}/app:v1`, { pullSecrets });
  assert.deepEqual(
    registry.requests.map(({ method }) => method),
    ['HEAD'],
  );
});

test('with a tag cache of 0 every tag is asked for', async () => {
  const { registry, read, countOf } = await start({}, { settings: { tagCacheMs: 0 } });
  registry.addImage('app', 'v1', app);
  await read(`${registry.host}/app:v1`);
  await read(`${registry.host}/app:v1`);
  assert.equal(countOf(/manifests/), 2);
});

test('a cached private image is served only to those whose credentials fetched it', async () => {
  const access = { kind: 'basic', username: 'user', password: 'right' } as const;
  const secrets: Record<string, PullSecret> = {};
  const { registry, read, countOf } = await start(
    { access },
    { dependencies: withSecrets(secrets) },
  );
  secrets['shop/regcred'] = createPullSecret(registry.host, 'user', 'right');
  secrets['bank/regcred'] = createPullSecret(registry.host, 'user', 'wrong');
  secrets['gift/regcred'] = createPullSecret(registry.host, 'user', 'right');
  const digest = registry.addImage('team/app', 'v1', app);
  const readFrom = (namespace: string, reference: string) =>
    read(`${registry.host}/${reference}`, { pullSecrets: [{ namespace, name: 'regcred' }] });
  await readFrom('shop', 'team/app:v1');
  for (const reference of ['team/app:v1', `team/app@${digest}`]) {
    await assert.rejects(readFrom('bank', reference), { code: 'registry_denied' });
    await assert.rejects(read(`${registry.host}/${reference}`), { code: 'registry_denied' });
  }
  const before = countOf(/./);
  await readFrom('gift', 'team/app:v1');
  await readFrom('shop', `team/app@${digest}`);
  assert.equal(countOf(/./), before);
});

test('what anybody may read is answered out of memory without reading pull secrets', async () => {
  const asked: string[] = [];
  const readSecret = (namespace: string, name: string) => {
    asked.push(`${namespace}/${name}`);
    return Promise.resolve(undefined);
  };
  const { registry, read, countOf } = await start({}, { dependencies: { readSecret } });
  registry.addImage('app', 'v1', app);
  await read(`${registry.host}/app:v1`, regcred);
  await read(`${registry.host}/app:v1`, regcred);
  assert.deepEqual(asked, ['shop/regcred']);
  assert.equal(countOf(/manifests/), 1);
  await read(`${registry.host}/app:v1`, { ...regcred, pullAlways: true });
  assert.deepEqual(asked, ['shop/regcred', 'shop/regcred']);
});

test('a digest is cached for its own repository only', async () => {
  const { registry, read } = await start();
  const digest = registry.addImage('team/app', 'v1', app);
  await read(`${registry.host}/team/app@${digest}`);
  await assert.rejects(read(`${registry.host}/other/app@${digest}`), { code: 'image_not_found' });
});

test('a hundred who ask for the same image at once share one lookup', async () => {
  const { registry, read, countOf } = await start();
  registry.addImage('app', 'v1', app);
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => read(`${registry.host}/app:v1`)),
  );
  assert.equal(countOf(/./), 2);
  assert.equal(new Set(answers.map(({ digest }) => digest)).size, 1);
});

test('who leaves a shared lookup does not end it for the others', async () => {
  const { registry, read } = await start();
  registry.addImage('app', 'v1', app);
  const leaver = new AbortController();
  const left = read(`${registry.host}/app:v1`, {}, leaver.signal);
  const stayed = read(`${registry.host}/app:v1`);
  leaver.abort();
  await assert.rejects(left, { code: 'registry_unavailable' });
  assert.deepEqual((await stayed).entrypoint, app.entrypoint);
});

test('an image is looked up on its mirror, with the credentials for the mirror', async () => {
  const access = { kind: 'basic', username: 'user', password: 'right' } as const;
  const registry = await startRegistry({ access });
  const reader = createTestReader([registry.origin], {
    settings: { mirrors: [{ from: 'docker.io', to: `${registry.host}/hub` }] },
    dependencies: withSecrets({
      'shop/regcred': createPullSecret('https://index.docker.io/v1/', 'hub', 'secret'),
      'shop/mirror': createPullSecret(registry.host, 'user', 'right'),
    }),
  });
  closings.push(reader.close, registry.close);
  registry.addImage('hub/library/nginx', '1', app);
  const mirror = { pullSecrets: [...regcred.pullSecrets, { namespace: 'shop', name: 'mirror' }] };
  assert.deepEqual((await reader.read('nginx:1', mirror)).cmd, app.cmd);
  await assert.rejects(reader.read('nginx:2', regcred), {
    message: new RegExp(
      `^registry ${registry.host} \\(mirror of docker.io\\): 401 for hub/library/nginx:2`,
    ),
  });
  const hub = Buffer.from('hub:secret').toString('base64');
  assert.ok(!registry.requests.some(({ authorization = '' }) => authorization.includes(hub)));
});

test('only registries of the allow-list are asked', async () => {
  const { registry, read, countOf } = await start(
    {},
    { settings: { allowList: ['*.example', 'docker.io'] } },
  );
  await assert.rejects(read(`${registry.host}/app:v1`), {
    code: 'registry_not_allowed',
    message: `registry ${registry.host} is not in the registry allow-list (PIGGY_REGISTRY_ALLOW_LIST); use an image from a listed registry, or set command`,
  });
  assert.equal(countOf(/./), 0);
});

test('the whole lookup has a deadline', async () => {
  const { registry, read } = await start({}, { settings: { lookupTimeoutMs: 100 } });
  registry.neverAnswer(/./);
  await assert.rejects(read(`${registry.host}/app:v1`), {
    code: 'registry_unavailable',
    message: `registry ${registry.host}, image app:v1: not read within 0.1 s; try again later, or set command`,
  });
});

test('a Secret that is never read does not hold a lookup up', async () => {
  const dependencies = { readSecret: () => new Promise<undefined>(() => undefined) };
  const { registry, read } = await start({}, { dependencies, settings: { lookupTimeoutMs: 100 } });
  await assert.rejects(read(`${registry.host}/app:v1`, regcred), { code: 'registry_unavailable' });
});

test('platforms are told in the order of the index, whichever the registry gives first', async () => {
  const { registry, read } = await start();
  registry.addIndex('team/app', 'v1', [
    { architecture: 'amd64', entrypoint: ['/amd64'] },
    { architecture: 'arm64', entrypoint: ['/arm64'] },
  ]);
  // The manifest that is asked for first has to be asked for again, so it comes last.
  registry.answerNext(1, /manifests\/sha256/, { status: 503 });
  await assert.rejects(read(`${registry.host}/team/app:v1`), /linux\/amd64, linux\/arm64/);
});
