// What keeps the real process from making its certificates and sealing key: it is not ready, says why in /readyz, touches
// nothing, and goes on by itself once that is set right.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { freePort } from './testing/free-port.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { installManaged, paths, readReadiness, waitFor } from './testing/managed-keys.ts';
import { type ProviderProcess, spawnProvider } from './testing/provider-process.ts';

const kubernetes = await startKubernetesApi();
const installation = await installManaged(kubernetes);
const running = new Set<Pick<ProviderProcess, 'stop'>>();
after(async () => {
  await Promise.all([...running].map((provider) => provider.stop()));
  await kubernetes.stop();
  installation.remove();
});

const pem = (text: string) => Buffer.from(text).toString('base64');
const metadata = { namespace: 'piggy-system' };
const own = { 'piggysec.com/made-by': 'provider' };

/** What is there or happens at the start, what /readyz says, and the undoing after which it becomes ready. */
const obstacles: Record<string, [begin: () => void, warning: RegExp, undo: () => void]> = {
  'a Secret that somebody else made is left alone': [
    () => {
      const serving = { metadata: { ...metadata, name: 'piggy-tls' }, data: { 'tls.crt': 'eA==' } };
      kubernetes.putObject(paths.serving, serving);
    },
    /Secret piggy-tls was not made by the provider and is not touched.*docs\/certificates\.md/,
    () => {
      assert.equal(kubernetes.readObject(paths.serving)?.data?.['tls.crt'], 'eA==');
      kubernetes.deleteObject(paths.serving);
    },
  ],
  'a ConfigMap that somebody else made is left alone': [
    () => {
      const bundle = { metadata: { ...metadata, name: 'piggy-ca' }, data: { 'ca.crt': 'theirs' } };
      kubernetes.putObject(paths.bundle, bundle);
    },
    /ConfigMap piggy-ca was not made by the provider/,
    () => {
      assert.equal(kubernetes.readObject(paths.bundle)?.data?.['ca.crt'], 'theirs');
      kubernetes.deleteObject(paths.bundle);
    },
  ],
  'a sealing key that somebody else made is left alone': [
    () => {
      const data = { key: 'c29tZWJvZHktZWxzZXMta2V5' };
      const name = 'piggy-admission';
      kubernetes.putObject(paths.sealingKey, { metadata: { ...metadata, name }, data });
    },
    /Secret piggy-admission was not made by the provider/,
    () => {
      kubernetes.deleteObject(paths.sealingKey);
    },
  ],
  'a broken authority is not replaced by itself': [
    () => {
      const data = { 'tls.crt': pem('broken'), 'tls.key': pem('broken') };
      const name = 'piggy-ca-key';
      kubernetes.putObject(paths.authority, { metadata: { ...metadata, name, labels: own }, data });
    },
    /Secret with the authority is broken .*the certificate cannot be read.*restore it from a backup, or delete it/,
    () => {
      kubernetes.deleteObject(paths.authority);
    },
  ],
  'a broken sealing key is not replaced by itself': [
    () => {
      const name = 'piggy-admission';
      const made = { metadata: { ...metadata, name, labels: own }, data: { key: 'short' } };
      kubernetes.putObject(paths.sealingKey, made);
    },
    /entry key of the Secret with the sealing key is missing or no base64 text.*delete the Secret/,
    () => {
      kubernetes.deleteObject(paths.sealingKey);
    },
  ],
  'a missing right to create is told with verb and resource': [
    () => {
      kubernetes.forbid(/^POST .*\/secrets$/);
    },
    /answered 403 \(create secrets piggy-system\/piggy-ca-key\): the provider's service account needs create on secrets in namespace piggy-system/,
    () => {
      kubernetes.forbid(undefined);
    },
  ],
  'a missing right to read is told with verb, resource and name': [
    () => {
      kubernetes.forbid(/^GET .*\/configmaps\//);
    },
    /needs get on configmaps piggy-ca in namespace piggy-system: see its Role/,
    () => {
      kubernetes.forbid(undefined);
    },
  ],
  'with a wrong clock nothing is made': [
    () => {
      kubernetes.setClockAhead(3_600_000);
    },
    /clock of this replica is 60 minutes behind the API server's/,
    () => {
      assert.equal(kubernetes.readObject(paths.authority), undefined);
      kubernetes.setClockAhead(0);
    },
  ],
  'an API server that does not answer is asked again': [
    () => {
      kubernetes.failWith(503);
    },
    /answered 503 \(get [a-z]+ piggy-system\/piggy-[a-z-]+\): tried again/,
    () => {
      kubernetes.failWith(undefined);
    },
  ],
};

for (const [name, [begin, warning, undo]] of Object.entries(obstacles)) {
  test(`${name}: it is not ready, says why, and is ready once that is set right`, async () => {
    for (const path of Object.values(paths)) kubernetes.deleteObject(path);
    begin();
    const provider = await spawnUnready();
    await provider.line(({ msg }) => String(msg).includes('cannot be kept up'));
    // The operations port answers by now or soon: it opens before the certificate is wanted.
    const { status, warnings } = await waitFor(
      () => readReadiness(provider.operationsUrl),
      (readiness) => readiness.warnings.some((text) => warning.test(text)),
    );
    assert.equal(status, 503, warnings.join());
    undo();
    await provider.line(({ msg }) => msg === 'ready');
    const ready = await waitFor(
      () => readReadiness(provider.operationsUrl),
      ({ warnings: left }) => left.length === 0,
    );
    assert.equal(ready.status, 200);
    await provider.stop();
    running.delete(provider);
  });
}

/** One that may never become ready. */
async function spawnUnready() {
  const port = await freePort();
  const env = { ...installation.env, PIGGY_OPERATIONS_PORT: String(port) };
  const provider = spawnProvider(env);
  running.add(provider);
  return { ...provider, operationsUrl: `http://127.0.0.1:${port}` };
}
