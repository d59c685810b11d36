// Lookups against a real registry, which neither knows nor forgives what the stand-in does.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import {
  missingRegistryPrograms,
  startRegistryProgram,
  type RegistryProgramOptions,
} from '../testing/registry-program.ts';
import {
  createPullSecret,
  createTestReader,
  withSecrets,
  type ReaderChanges,
} from '../testing/registry-reader.ts';
import { startTokenServer } from '../testing/token-server.ts';

const skip = missingRegistryPrograms() ?? false;

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function start(
  options: RegistryProgramOptions = {},
  changes: (host: string) => ReaderChanges = () => ({}),
) {
  const registry = await startRegistryProgram(options);
  const reader = createTestReader([registry.origin], changes(registry.host));
  closings.push(reader.close, registry.close);
  return { registry, read: reader.read };
}

const app = { entrypoint: ['/app', '--flag'], cmd: ['serve', 'a b'] };
const regcred = { pullSecrets: [{ namespace: 'shop', name: 'regcred' }] };
const user = { name: 'user', password: 'p:ä$$' };

for (const format of ['oci', 'v2s2'] as const) {
  test(
    `a real registry: an image pushed as ${format} is read by tag and by digest`,
    { skip },
    async () => {
      const { registry, read } = await start();
      await registry.pushImage('team/app:v1', app, format);
      const { digest, ...command } = await read(`${registry.host}/team/app:v1`);
      assert.deepEqual(command, app);
      assert.deepEqual(await read(`${registry.host}/team/app@${digest}`), { ...app, digest });
    },
  );
}

test('a real registry: an image pushed as schema 1 is refused', { skip }, async () => {
  const { registry, read } = await start();
  await registry.pushImage('team/app:old', app, 'v2s1');
  await assert.rejects(read(`${registry.host}/team/app:old`), {
    code: 'image_unreadable',
    message: /Docker schema 1/,
  });
});

test(
  'a real registry: an index is read as its platforms agree or the Pod selects',
  { skip },
  async () => {
    const { registry, read } = await start();
    await registry.pushIndex('team/app:same', [app, { ...app, architecture: 'arm64' }]);
    await registry.pushIndex('team/app:other', [
      app,
      { ...app, cmd: ['arm'], architecture: 'arm64' },
    ]);
    assert.deepEqual((await read(`${registry.host}/team/app:same`)).cmd, app.cmd);
    await assert.rejects(read(`${registry.host}/team/app:other`), { code: 'platforms_disagree' });
    const arm = await read(`${registry.host}/team/app:other`, { architectures: ['arm64'] });
    assert.deepEqual(arm.cmd, ['arm']);
  },
);

test('a real registry: what is not there is not found', { skip }, async () => {
  const { registry, read } = await start();
  await registry.pushImage('team/app:v1', app);
  for (const image of ['team/app:v2', 'team/none', `team/app@sha256:${'0'.repeat(64)}`]) {
    await assert.rejects(read(`${registry.host}/${image}`), { code: 'image_not_found' });
  }
});

test('a real registry: a password is needed, and the right one opens it', { skip }, async () => {
  const { registry, read } = await start({ user }, (host) => ({
    dependencies: withSecrets({
      'shop/regcred': createPullSecret(host, user.name, user.password),
      'bank/regcred': createPullSecret(host, user.name, 'wrong'),
    }),
  }));
  await registry.pushImage('team/app:v1', app);
  assert.deepEqual((await read(`${registry.host}/team/app:v1`, regcred)).cmd, app.cmd);
  const pullSecrets = [{ namespace: 'bank', name: 'regcred' }];
  await assert.rejects(read(`${registry.host}/team/app:v1`, { pullSecrets }), {
    code: 'registry_denied',
    message: `registry ${registry.host}: 401 for team/app:v1 with pull secret bank/regcred and anonymously; add an imagePullSecret or set command`,
  });
});

test('a real registry: TLS by an authority of its own, with a password', { skip }, async () => {
  const authority = await createTestAuthority();
  const { certificate: cert, privateKey: key } = await authority.issue();
  const { registry, read } = await start({ user, certificate: { cert, key } }, (host) => ({
    settings: { certificateAuthorities: new Map([[host, authority.ca]]) },
    dependencies: withSecrets({ 'shop/regcred': createPullSecret(host, user.name, user.password) }),
  }));
  await registry.pushImage('team/app:v1', app);
  assert.deepEqual((await read(`${registry.host}/team/app:v1`, regcred)).cmd, app.cmd);
  const stranger = createTestReader([registry.origin]);
  closings.unshift(stranger.close);
  await assert.rejects(stranger.read(`${registry.host}/team/app:v1`), {
    code: 'registry_unavailable',
  });
});

test(
  'a real registry: tokens of its token server, for those who know the password',
  { skip },
  async () => {
    const tokens = await startTokenServer(user);
    closings.unshift(tokens.close);
    const { registry, read } = await start({ user, tokens }, (host) => ({
      settings: { loopbackHosts: [host, new URL(tokens.origin).host] },
      dependencies: withSecrets({
        'shop/regcred': createPullSecret(host, user.name, user.password),
        'bank/regcred': createPullSecret(host, user.name, 'wrong'),
      }),
    }));
    await registry.pushImage('team/app:v1', app);
    tokens.scopes.length = 0;
    assert.deepEqual((await read(`${registry.host}/team/app:v1`, regcred)).cmd, app.cmd);
    assert.deepEqual(tokens.scopes, ['repository:team/app:pull']);
    const pullSecrets = [{ namespace: 'bank', name: 'regcred' }];
    await assert.rejects(read(`${registry.host}/team/app:v1`, { pullSecrets }), {
      code: 'registry_denied',
      message: /401 for team\/app:v1 with pull secret bank\/regcred and anonymously;/,
    });
  },
);

test(
  'a real registry: a mirror that fetches from another one is asked in its place',
  { skip },
  async () => {
    const { registry } = await start();
    await registry.pushImage('library/app:v1', app);
    const mirror = await startRegistryProgram({ mirrorOf: registry.origin });
    const settings = { mirrors: [{ from: 'docker.io', to: mirror.host }] };
    const reader = createTestReader([mirror.origin], { settings });
    closings.unshift(reader.close, mirror.close);
    const { digest, ...command } = await reader.read('app:v1');
    assert.deepEqual(command, app);
    reader.clock.now += 60_001;
    assert.equal((await reader.read('app:v1')).digest, digest);
  },
);
