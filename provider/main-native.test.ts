// The real process with the API server itself as the engine: what native/inject-secrets reads is there, and follows.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { installManaged, readEntry, waitFor } from './testing/managed-keys.ts';
import { startProvider } from './testing/provider-process.ts';

const NAMESPACE = '/api/v1/namespaces/piggy-system/configmaps';
const kubernetes = await startKubernetesApi();
const installation = await installManaged(kubernetes);
putSettings({ PIGGY_ADDRESS: 'https://piggy' });
const provider = await startProvider({ ...installation.env, PIGGY_ENGINE: 'native' });

after(async () => {
  assert.equal(await provider.stop(), 0);
  await kubernetes.stop();
  installation.remove();
});

function putSettings(data: Readonly<Record<string, string>>): void {
  const metadata = { namespace: 'piggy-system', name: 'piggy', resourceVersion: '1' };
  kubernetes.putObject(`${NAMESPACE}/piggy`, { metadata, data });
}

function parameters(): Readonly<Record<string, string>> | undefined {
  return kubernetes.readObject(`${NAMESPACE}/piggy-native`)?.data;
}

function found(isWanted: (data: Readonly<Record<string, string>>) => boolean) {
  return waitFor(() => Promise.resolve(parameters() ?? {}), isWanted);
}

test('settings, CA and mark are in one ConfigMap, and follow the settings', async () => {
  const { mark = '', ...others } = await found((data) => data['ca.crt'] !== undefined);
  assert.match(mark, /^[a-f][\da-f]{7}$/);
  const ca = readEntry(kubernetes, 'bundle', 'ca.crt');
  assert.deepEqual(others, { PIGGY_ADDRESS: 'https://piggy', 'ca.crt': ca });
  putSettings({ PIGGY_ADDRESS: 'https://other' });
  const followed = await found((data) => data['PIGGY_ADDRESS'] === 'https://other');
  assert.equal(followed['mark'], mark);
});

test('settings that cannot be read are told in readyz, and the former ones stay', async () => {
  const former = parameters();
  kubernetes.deleteObject(`${NAMESPACE}/piggy`);
  const readiness = () => fetch(`${provider.operationsUrl}/readyz`).then((answer) => answer.text());
  const told = await waitFor(readiness, (text) => text.includes('policy settings'));
  assert.match(told, /the ConfigMap piggy is not in namespace piggy-system/);
  assert.deepEqual(parameters(), former);
});
