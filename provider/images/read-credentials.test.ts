import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { PullSecret } from '../kubernetes/pull-secrets.ts';
import { ProviderError } from '../errors.ts';
import {
  createPullSecret,
  createTestReader,
  withSecrets,
  type ReaderChanges,
} from '../testing/registry-reader.ts';
import { startRegistry, type RegistryOptions } from '../testing/registry.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function start(options: RegistryOptions = {}, changes: ReaderChanges = {}) {
  const registry = await startRegistry(options);
  const reader = createTestReader([registry.origin], changes);
  closings.push(reader.close, registry.close);
  const countOf = (match: RegExp) =>
    registry.requests.filter(({ path }) => match.test(path)).length;
  return { registry, ...reader, countOf };
}

const app = { entrypoint: ['/app'], cmd: ['serve'] };
const regcred = { pullSecrets: [{ namespace: 'shop', name: 'regcred' }] };

test('a Basic registry is read with a pull secret', async () => {
  const access = { kind: 'basic', username: 'user', password: 'right' } as const;
  const secrets: Record<string, PullSecret> = {};
  const { registry, read } = await start({ access }, { dependencies: withSecrets(secrets) });
  secrets['shop/regcred'] = createPullSecret(registry.host, 'user', 'right');
  registry.addImage('team/app', 'v1', app);
  const { entrypoint } = await read(`${registry.host}/team/app:v1`, regcred);
  assert.deepEqual(entrypoint, app.entrypoint);
});

test('a Bearer registry gives anybody a token for what is public', async () => {
  const { registry, read, countOf } = await start({ access: { kind: 'bearer' } });
  registry.addImage('team/app', 'v1', app);
  await read(`${registry.host}/team/app:v1`);
  const [, token] = registry.requests;
  assert.equal(token?.path, '/token?service=test&scope=repository%3Ateam%2Fapp%3Apull');
  assert.equal(token.authorization, undefined);
  assert.equal(countOf(/token/), 1);
});

test('a token is used until shortly before it expires', async () => {
  const access = { kind: 'bearer', expiresInSeconds: 300 } as const;
  const { registry, read, clock, countOf } = await start({ access });
  registry.addImage('team/app', 'v1', app);
  const question = { pullAlways: true };
  await read(`${registry.host}/team/app:v1`, question);
  clock.now += 280_000;
  await read(`${registry.host}/team/app:v1`, question);
  assert.equal(countOf(/token/), 1);
  clock.now += 20_000;
  await read(`${registry.host}/team/app:v1`, question);
  assert.equal(countOf(/token/), 2);
});

test('a token that the registry no longer takes is exchanged anew', async () => {
  const { registry, read, countOf } = await start({ access: { kind: 'bearer' } });
  registry.addImage('team/app', 'v1', app);
  await read(`${registry.host}/team/app:v1`);
  const challenge = `Bearer realm="${registry.origin}/token",service="test",scope="repository:team/app:pull"`;
  registry.answerNext(1, /manifests/, { status: 401, headers: { 'www-authenticate': challenge } });
  await read(`${registry.host}/team/app:v1`, { pullAlways: true });
  assert.equal(countOf(/token/), 2);
});

test('a name and password are exchanged for a token, and are not sent to the registry itself', async () => {
  const access = { kind: 'bearer', username: 'user', password: 'right' } as const;
  const secrets: Record<string, PullSecret> = {};
  const { registry, read } = await start({ access }, { dependencies: withSecrets(secrets) });
  secrets['shop/regcred'] = createPullSecret(registry.host, 'user', 'right');
  registry.addImage('team/app', 'v1', app);
  await read(`${registry.host}/team/app:v1`, regcred);
  for (const { path, authorization = '' } of registry.requests) {
    assert.equal(authorization.startsWith('Basic'), path.startsWith('/token'));
  }
});

test('a token is used only for those whose credentials it was given for', async () => {
  const access = { kind: 'bearer', username: 'user', password: 'right' } as const;
  const secrets: Record<string, PullSecret> = {};
  const { registry, read } = await start({ access }, { dependencies: withSecrets(secrets) });
  secrets['shop/regcred'] = createPullSecret(registry.host, 'user', 'right');
  registry.addImage('team/app', 'v1', app);
  await read(`${registry.host}/team/app:v1`, regcred);
  await assert.rejects(read(`${registry.host}/team/app:v1`), { code: 'registry_denied' });
});

test('an identity token is exchanged by POST', async () => {
  const access = { kind: 'bearer', username: 'nobody', identityToken: 'refresh-me' } as const;
  const registry = await startRegistry({ access });
  const text = JSON.stringify({ auths: { [registry.host]: { identitytoken: 'refresh-me' } } });
  const reader = createTestReader([registry.origin], {
    dependencies: { readDockerConfig: () => Promise.resolve(text) },
  });
  closings.push(reader.close, registry.close);
  registry.addImage('team/app', 'v1', app);
  const { cmd } = await reader.read(`${registry.host}/team/app:v1`);
  assert.deepEqual(cmd, app.cmd);
});

test('credentials are tried in turn: pull secrets, ECR, the docker config, none', async () => {
  const tried: string[] = [];
  const registry = await startRegistry({
    access: { kind: 'basic', username: 'nobody', password: '' },
  });
  const config = createPullSecret(registry.host, 'config', 'p').data?.['.dockerconfigjson'] ?? '';
  const reader = createTestReader([registry.origin], {
    dependencies: {
      ...withSecrets({
        'shop/regcred': createPullSecret(registry.host, 'pod', 'p'),
        'infra/extra': createPullSecret(registry.host, 'extra', 'p'),
      }),
      readEcrCredential: () => Promise.resolve({ kind: 'basic', username: 'AWS', password: 'p' }),
      readDockerConfig: () => Promise.resolve(Buffer.from(config, 'base64').toString()),
    },
  });
  closings.push(reader.close, registry.close);
  const pullSecrets = [...regcred.pullSecrets, { namespace: 'infra', name: 'extra' }];
  await assert.rejects(reader.read(`${registry.host}/team/app:v1`, { pullSecrets }), {
    code: 'registry_denied',
    message:
      `registry ${registry.host}: 401 for team/app:v1 with pull secret shop/regcred, ` +
      "with pull secret infra/extra, with the provider's ECR identity, " +
      "with the provider's docker config and anonymously; add an imagePullSecret or set command",
  });
  for (const { authorization } of registry.requests) {
    if (authorization) tried.push(Buffer.from(authorization.slice(6), 'base64').toString());
  }
  assert.deepEqual(tried, ['pod:p', 'extra:p', 'AWS:p', 'config:p']);
});

const unusable: Record<string, [dependencies: ReaderChanges['dependencies'], note: string]> = {
  'reading is switched off': [
    { pullSecretNamespaces: 'none' },
    'pull secret shop/regcred was not read: reading pull secrets is switched off (PIGGY_PULL_SECRET_NAMESPACES)',
  ],
  'its namespace is not listed': [
    { pullSecretNamespaces: ['bank'] },
    'pull secret shop/regcred was not read: reading pull secrets is not switched on for shop (PIGGY_PULL_SECRET_NAMESPACES)',
  ],
  'it does not exist': [{}, 'pull secret shop/regcred does not exist'],
  'it holds something else': [
    withSecrets({ 'shop/regcred': { type: 'Opaque', data: { password: 'hunter2' } } }),
    'pull secret shop/regcred holds no docker config',
  ],
  'it is for another registry': [
    withSecrets({ 'shop/regcred': createPullSecret('ghcr.io', 'user', 'hunter2') }),
    'pull secret shop/regcred has no entry for HOST/team/app',
  ],
  'Kubernetes does not answer': [
    { readSecret: () => Promise.reject(new ProviderError('kubernetes_unavailable', 'no answer')) },
    'pull secret shop/regcred was not read: no answer',
  ],
  'reading fails unexpectedly': [
    { readSecret: () => Promise.reject(new Error('hunter2')) },
    'pull secret shop/regcred was not read: an unexpected error, see the log of the provider',
  ],
  'ECR gives no password': [
    {
      pullSecretNamespaces: [],
      readEcrCredential: () =>
        Promise.reject(new ProviderError('registry_denied', 'no ECR password')),
    },
    'pull secret shop/regcred was not read: reading pull secrets is not switched on for shop (PIGGY_PULL_SECRET_NAMESPACES); no ECR password',
  ],
  'the docker config cannot be read': [
    {
      ...withSecrets({ 'shop/regcred': createPullSecret('ghcr.io', 'user', 'hunter2') }),
      readDockerConfig: () => Promise.reject(new Error('hunter2')),
    },
    "pull secret shop/regcred has no entry for HOST/team/app; the provider's docker config is unreadable (PIGGY_DOCKER_CONFIG_FILE)",
  ],
};

for (const [name, [dependencies = {}, note]] of Object.entries(unusable)) {
  test(`a pull secret is passed over, and the refusal says so, when ${name}`, async () => {
    const access = { kind: 'basic', username: 'user', password: 'right' } as const;
    const { registry, read } = await start({ access }, { dependencies });
    await assert.rejects(read(`${registry.host}/team/app:v1`, regcred), {
      code: 'registry_denied',
      message:
        `registry ${registry.host}: 401 for team/app:v1 anonymously; ` +
        `${note.replace('HOST', registry.host)}; correct that or set command`,
    });
  });
}

test('a public image needs no pull secret that works', async () => {
  const { registry, read } = await start({}, { dependencies: { pullSecretNamespaces: 'none' } });
  registry.addImage('team/app', 'v1', app);
  assert.deepEqual((await read(`${registry.host}/team/app:v1`, regcred)).cmd, app.cmd);
});

test('no namespace is let in by its name where reading is switched off', async () => {
  const asked: string[] = [];
  const dependencies = {
    pullSecretNamespaces: 'none',
    readSecret: (namespace: string) => {
      asked.push(namespace);
      return Promise.resolve(undefined);
    },
  } as const;
  const { registry, read } = await start({}, { dependencies });
  const pullSecrets = ['none', 'non', 'one', 'on', 'o'].map((namespace) => ({
    namespace,
    name: 'regcred',
  }));
  await assert.rejects(read(`${registry.host}/team/absent:v1`, { pullSecrets }));
  assert.deepEqual(asked, []);
});
