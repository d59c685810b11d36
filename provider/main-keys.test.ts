// The real process making its certificates and sealing key by the API server: alone, several at once, after a loss.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { type KubernetesApi, startKubernetesApi } from './testing/kubernetes-api.ts';
import {
  askAsKyverno,
  askAsLauncher,
  installManaged,
  type ManagedInstallation,
  type ObjectName,
  paths,
  readEntry,
  waitFor,
  readSealingKey,
  withEntries,
} from './testing/managed-keys.ts';
import { installProvider } from './testing/provider-installation.ts';
import { type ProviderProcess, spawnProvider, startProvider } from './testing/provider-process.ts';

let kubernetes: KubernetesApi;
let installation: ManagedInstallation;
const running = new Set<Pick<ProviderProcess, 'stop'>>();

beforeEach(async () => {
  kubernetes = await startKubernetesApi();
  installation = await installManaged(kubernetes);
});
const end = async () => {
  await Promise.all([...running].map((provider) => provider.stop()));
  running.clear();
};
afterEach(async () => {
  await end();
  await kubernetes.stop();
  installation.remove();
});
after(end);

async function start(env: Readonly<Record<string, string>> = {}): Promise<ProviderProcess> {
  const provider = await startProvider({ ...installation.env, ...env });
  running.add(provider);
  return provider;
}

function versions(): Record<string, string | undefined> {
  const names = Object.keys(paths) as ObjectName[];
  return Object.fromEntries(
    names.map((name) => [name, kubernetes.readObject(paths[name])?.metadata.resourceVersion]),
  );
}

/** All texts that must not be seen. */
function secrets(): string[] {
  return [
    readSealingKey(kubernetes),
    ...['authority', 'serving'].flatMap((name) =>
      readEntry(kubernetes, name as ObjectName, 'tls.key')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('-')),
    ),
  ];
}

test('the first start makes everything, in a namespace without any of it, and tells no key', async () => {
  const provider = await start({ PIGGY_LOG_LEVEL: 'debug' });
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  const { status } = await askAsLauncher(provider.launchUrl, new Agent({ ca }));
  assert.equal(status, 401);
  assert.equal(await askAsKyverno(provider.lookupUrl, readSealingKey(kubernetes)), 200);
  for (const path of Object.values(paths)) {
    const made = kubernetes.readObject(path);
    assert.equal(made?.metadata.labels?.['piggysec.com/made-by'], 'provider', path);
  }
  assert.equal(kubernetes.readObject(paths.serving)?.type, 'kubernetes.io/tls');
  assert.equal(secrets().length > 3, true);
  for (const secret of secrets()) assert.ok(!provider.output().includes(secret));
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  for (const name of ['certificate_expiry', 'ca_expiry', 'sealing_key_since']) {
    assert.match(metrics, new RegExp(`piggy_${name}_timestamp_seconds \\d{10}`));
  }
  assert.match(
    metrics,
    /piggy_key_steps_total\{subject="certificate",step="issue certificate"\} 1\n/,
  );
});

test('a second replica, and one after a restart, use what is there and write nothing', async () => {
  await start();
  const made = versions();
  const second = await start();
  await end();
  const third = await start();
  assert.deepEqual(versions(), made);
  for (const { output } of [second, third]) assert.doesNotMatch(output(), /"by":/);
});

test('three that start at once end with one set of everything', async () => {
  const replicas = await Promise.all([start(), start(), start()]);
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  assert.equal(ca.match(/BEGIN CERTIFICATE/g)?.length, 1);
  const answers = await Promise.all(
    replicas.map(({ launchUrl }) => askAsLauncher(launchUrl, new Agent({ ca }))),
  );
  assert.equal(new Set(answers.map(({ serial }) => serial)).size, 1);
  const key = readSealingKey(kubernetes);
  for (const { lookupUrl } of replicas) assert.equal(await askAsKyverno(lookupUrl, key), 200);
});

test('the certificate holds for the Service, the address and further names', async () => {
  const provider = await start({
    PIGGY_ADDRESS: 'https://piggy-webhooks.piggy-webhooks.svc:443',
    PIGGY_SERVICE_NAME: 'my-piggy',
  });
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  const names = ['piggy-webhooks.piggy-webhooks.svc', 'my-piggy.piggy-system.svc'];
  for (const servername of names) {
    await askAsLauncher(provider.launchUrl, new Agent({ ca, servername }));
  }
  const other = new Agent({ ca, servername: 'piggy.other.svc' });
  await assert.rejects(askAsLauncher(provider.launchUrl, other), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});

test('a name that is new to it is added, and those of other replicas stay', async () => {
  await start({ PIGGY_SERVICE_NAME: 'old-name' });
  const provider = await start({ PIGGY_SERVICE_NAME: 'new-name' });
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  for (const name of ['old-name', 'new-name']) {
    const servername = `${name}.piggy-system.svc`;
    await askAsLauncher(provider.launchUrl, new Agent({ ca, servername }));
  }
});

const pem = (text: string) => Buffer.from(text).toString('base64');
const own = { 'piggysec.com/made-by': 'provider' };

test('an edited serving certificate is replaced, an edited bundle gets its authority back', async () => {
  const provider = await start();
  const before = readEntry(kubernetes, 'bundle', 'ca.crt');
  kubernetes.putObject(
    paths.serving,
    withEntries(kubernetes, 'serving', { 'tls.crt': pem('edited') }),
  );
  await provider.line(({ reason }) => reason === 'the certificate cannot be read');
  kubernetes.putObject(paths.bundle, withEntries(kubernetes, 'bundle', { 'ca.crt': 'edited' }));
  await waitFor(
    () => Promise.resolve(readEntry(kubernetes, 'bundle', 'ca.crt')),
    (text) => text === before,
  );
  const { status } = await askAsLauncher(provider.launchUrl, new Agent({ ca: before }));
  assert.equal(status, 401);
});

test('a lost authority gives way to a new one, and whoever holds the lost one is still answered', async () => {
  const provider = await start();
  const held = readEntry(kubernetes, 'bundle', 'ca.crt');
  kubernetes.deleteObject(paths.authority);
  const bundle = await waitFor(
    () => Promise.resolve(readEntry(kubernetes, 'bundle', 'ca.crt')),
    (text) => text.match(/BEGIN CERTIFICATE/g)?.length === 2,
  );
  for (const ca of [held, bundle]) {
    assert.equal((await askAsLauncher(provider.launchUrl, new Agent({ ca }))).status, 401);
  }
});

test('an empty object with its label is filled', async () => {
  const empty = (name: string) => ({ metadata: { namespace: 'piggy-system', name, labels: own } });
  kubernetes.putObject(paths.authority, empty('piggy-ca-key'));
  kubernetes.putObject(paths.serving, empty('piggy-tls'));
  kubernetes.putObject(paths.bundle, empty('piggy-ca'));
  kubernetes.putObject(paths.sealingKey, empty('piggy-admission'));
  kubernetes.forbid(/^POST .*\/(?:secrets|configmaps)$/);
  const provider = await start();
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  assert.equal((await askAsLauncher(provider.launchUrl, new Agent({ ca }))).status, 401);
});

test('without namespace it does not start, and names the setting', async () => {
  const provider = spawnProvider({ ...installation.env, PIGGY_NAMESPACE: '' });
  running.add(provider);
  const { mistakes } = await provider.line(({ level }) => level === 'error');
  assert.match(String(mistakes), /PIGGY_NAMESPACE is not set, and .*namespace cannot be read/);
});

test('with certificates out of files their authority is published, and the sealing key is made', async () => {
  const files = await installProvider({ kubernetes });
  writeFileSync(join(files.tlsDirectory, 'ca.crt'), files.ca);
  const provider = await start({
    PIGGY_CERTIFICATES: 'files',
    PIGGY_TLS_DIRECTORY: files.tlsDirectory,
    PIGGY_PUBLISH_CA: 'true',
  });
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  assert.equal((await askAsLauncher(provider.launchUrl, new Agent({ ca }))).status, 401);
  assert.equal(await askAsKyverno(provider.lookupUrl, readSealingKey(kubernetes)), 200);
  assert.deepEqual(
    [paths.authority, paths.serving].map((path) => kubernetes.readObject(path)),
    [undefined, undefined],
  );
  files.remove();
});
