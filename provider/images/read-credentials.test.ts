import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ProviderError } from '../errors.ts';
import type { PullSecret } from '../kubernetes/pull-secrets.ts';
import {
  createPullSecret,
  createTestReader,
  startRegistryAndReader,
  withSecrets,
  type ReaderChanges,
} from '../testing/registry-reader.ts';
import { startRegistry, type RegistryOptions } from '../testing/registry.ts';
import type { Credential } from './credential.ts';
import { parseDockerConfig } from './docker-config.ts';
import type { EcrCredentials } from './ecr-client.ts';
import type { ImageConfigReaderDependencies } from './read-image-config.ts';

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

/** The provider's own, with these `auths`. */
function withDockerConfig(auths: () => object): Partial<ImageConfigReaderDependencies> {
  return { dockerConfig: () => parseDockerConfig(JSON.stringify({ auths: auths() })) };
}

function withEcr(read: EcrCredentials['read']): Partial<ImageConfigReaderDependencies> {
  return { ecr: { read, renew: () => Promise.resolve(undefined) } };
}

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
  const reader = createTestReader([registry.origin], {
    dependencies: withDockerConfig(() => ({ [registry.host]: { identitytoken: 'refresh-me' } })),
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
  const reader = createTestReader([registry.origin], {
    dependencies: {
      ...withSecrets({
        'shop/regcred': createPullSecret(registry.host, 'pod', 'p'),
        'infra/extra': createPullSecret(registry.host, 'extra', 'p'),
      }),
      ...withEcr(() => Promise.resolve({ kind: 'basic', username: 'AWS', password: 'p' })),
      ...withDockerConfig(() => ({ [registry.host]: { username: 'config', password: 'p' } })),
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

const elsewhere = JSON.stringify({ credsStore: 'desktop' });

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
  'it names a credential helper': [
    withSecrets({
      'shop/regcred': {
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(elsewhere).toString('base64') },
      },
    }),
    'pull secret shop/regcred leaves the password to a credential helper, which is not run; write it into its auths',
  ],
  "the provider's docker config names one, too": [
    { dockerConfig: () => parseDockerConfig(elsewhere) },
    "pull secret shop/regcred does not exist; the provider's docker config leaves the password to a credential helper, which is not run; write it into its auths",
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
      ...withEcr(() => Promise.reject(new ProviderError('registry_denied', 'no ECR password'))),
    },
    'pull secret shop/regcred was not read: reading pull secrets is not switched on for shop (PIGGY_PULL_SECRET_NAMESPACES); no ECR password',
  ],
  'the docker config cannot be read': [
    {
      ...withSecrets({ 'shop/regcred': createPullSecret('ghcr.io', 'user', 'hunter2') }),
      dockerConfig: () => 'unreadable',
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
    sharedPullSecretNamespaces: 'none',
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

test('a password that ECR refuses is replaced once by a newer one', async () => {
  const access = { kind: 'basic', username: 'AWS', password: 'new' } as const;
  const passwords: string[] = [];
  const credential = (password: string): Credential => {
    passwords.push(password);
    return { kind: 'basic', username: 'AWS', password };
  };
  const ecr: EcrCredentials = {
    read: () => Promise.resolve(credential('old')),
    renew: () => Promise.resolve(credential('new')),
  };
  const { registry, read } = await start({ access }, { dependencies: { ecr } });
  registry.addImage('team/app', 'v1', app);
  assert.deepEqual((await read(`${registry.host}/team/app:v1`)).cmd, app.cmd);
  assert.deepEqual(passwords, ['old', 'new']);
});

test('what ECR refuses with the newest password is refused, and nothing is tried twice', async () => {
  const access = { kind: 'basic', username: 'AWS', password: 'another' } as const;
  const { registry, read } = await start(
    { access },
    {
      dependencies: withEcr(() =>
        Promise.resolve({ kind: 'basic', username: 'AWS', password: 'old' }),
      ),
    },
  );
  await assert.rejects(read(`${registry.host}/team/app:v1`), {
    code: 'registry_denied',
    message: /401 for team\/app:v1 with the provider's ECR identity and anonymously;/,
  });
  assert.equal(registry.requests.filter(({ authorization }) => authorization).length, 1);
});

test('a registry token is offered as it is, and to the registry alone', async () => {
  const registry = await startRegistry();
  const challenge = `Bearer realm="${registry.origin}/token",service="test"`;
  registry.answerNext(1, /manifests/, { status: 401, headers: { 'www-authenticate': challenge } });
  registry.addImage('team/app', 'v1', app);
  const reader = createTestReader([registry.origin], {
    dependencies: withDockerConfig(() => ({ [registry.host]: { registrytoken: 'canary-0f3a' } })),
  });
  closings.push(reader.close, registry.close);
  await reader.read(`${registry.host}/team/app:v1`);
  const offered = registry.requests.map(({ path, authorization }) => [path, authorization]);
  assert.ok(offered.some(([, authorization]) => authorization === 'Bearer canary-0f3a'));
  assert.ok(!offered.some(([path]) => path?.startsWith('/token')));
});

for (const status of [400, 401, 404, 405]) {
  test(`a token server that answers ${status} to an identity token is asked by name and password`, async () => {
    const access = { kind: 'bearer', username: 'user', password: 'right' } as const;
    const registry = await startRegistry({ access });
    registry.answerNext(1, /^\/token$/, { status });
    registry.addImage('team/app', 'v1', app);
    const auth = Buffer.from('user:right').toString('base64');
    const reader = createTestReader([registry.origin], {
      dependencies: withDockerConfig(() => ({ [registry.host]: { auth, identitytoken: 'old' } })),
    });
    closings.push(reader.close, registry.close);
    assert.deepEqual((await reader.read(`${registry.host}/team/app:v1`)).cmd, app.cmd);
  });
}

test('a registry that names no scope means its repository', async () => {
  const { registry, read } = await start({ access: { kind: 'bearer' } });
  const challenge = `Bearer realm="${registry.origin}/token",service="test"`;
  registry.answerNext(1, /manifests/, { status: 401, headers: { 'www-authenticate': challenge } });
  registry.addImage('team/app', 'v1', app);
  await read(`${registry.host}/team/app:v1`);
  const token = registry.requests.find(({ path }) => path.startsWith('/token'));
  assert.equal(token?.path, '/token?service=test&scope=repository%3Ateam%2Fapp%3Apull');
});

test('a token that lacks the scope is exchanged once more, for the scope then named', async () => {
  const { registry, read, countOf } = await start({ access: { kind: 'bearer' } });
  const challenge = `Bearer realm="${registry.origin}/token",service="test",scope="other"`;
  registry.answerNext(1, /manifests/, { status: 401, headers: { 'www-authenticate': challenge } });
  registry.addImage('team/app', 'v1', app);
  assert.deepEqual((await read(`${registry.host}/team/app:v1`)).cmd, app.cmd);
  assert.equal(countOf(/^\/token/), 2);
});
