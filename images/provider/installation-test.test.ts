// What `helm test` says of an installation that works, and of those that do not.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTestAuthority } from '../../provider/testing/certificates.ts';
import { startKubernetesApi } from '../../provider/testing/kubernetes-api.ts';
import { installProvider } from '../../provider/testing/provider-installation.ts';
import { startProvider } from '../../provider/testing/provider-process.ts';
import { startRegistry } from '../../provider/testing/registry.ts';
import { capture } from '../../tools/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'installation-test-'));
const [kubernetes, registry] = await Promise.all([startKubernetesApi(), startRegistry()]);
const files = await installProvider({ kubernetes });
const provider = await startProvider({
  ...files.env,
  PIGGY_REGISTRY_PLAIN_HTTP: registry.host,
  PIGGY_REGISTRY_LOOPBACK_HOSTS: registry.host,
  // A busy machine is no reason to fail.
  PIGGY_REGISTRY_REQUEST_TIMEOUT: '14s',
  PIGGY_LOOKUP_TIMEOUT: '14s',
});
registry.addImage('app', 'v1', { entrypoint: ['/app'], cmd: ['serve'] });

after(async () => {
  await Promise.all([provider.stop(), kubernetes.stop(), registry.close()]);
  files.remove();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const uid = randomUUID();
const spec = { serviceAccountName: 'default', containers: [{ name: 'test' }] };
kubernetes.putPod({ metadata: { namespace: 'piggy-system', name: 'test', uid }, spec } as never);

const env = {
  PIGGY_ADDRESS: provider.launchUrl,
  PIGGY_LOOKUP_ADDRESS: provider.lookupUrl,
  TEST_IMAGE: `${registry.host}/app:v1`,
  // As the kubelet mounts it: what the base64 text of the Secret encodes.
  TEST_SEALING_KEY_FILE: write('key', Buffer.from(files.admissionKey, 'base64')),
  TEST_CA_FILE: write('ca.crt', files.ca),
  TEST_TOKEN_FILE: write(
    'token',
    kubernetes.mintToken({
      namespace: 'piggy-system',
      serviceAccount: 'default',
      pod: { name: 'test', uid },
    }),
  ),
};

const run = async (changed: Readonly<Record<string, string>> = {}) => {
  const args = [join(import.meta.dirname, 'installation-test.ts')];
  const { code, stdout } = await capture(process.execPath, args, {
    env: { PATH: process.env['PATH'], ...env, ...changed },
  });
  return { code, stdout };
};

test('an installation that works: what the image runs, and a refusal', async () => {
  const { code, stdout } = await run();
  assert.match(stdout, /^ok {6}a lookup as Kyverno asks for it: \S+\/app:v1 runs \/app serve$/m);
  assert.match(stdout, /^ok {6}a secret for a Pod that was not injected: refused with not_inj/m);
  assert.equal(code, 0);
});

const broken: Readonly<Record<string, readonly [changed: Record<string, string>, said: RegExp]>> = {
  'an image that cannot be found': [
    { TEST_IMAGE: `${registry.host}/app:v2` },
    /^FAILED {2}a lookup .*app:v2/m,
  ],
  'another sealing key': [
    { TEST_SEALING_KEY_FILE: write('other-key', Buffer.alloc(32, 1)) },
    /^FAILED {2}a lookup .*HTTP 401, not sealed with the key of piggy-admission/m,
  ],
  'another CA': [
    { TEST_CA_FILE: write('other-ca.crt', (await createTestAuthority()).ca) },
    /^FAILED {2}a secret .*(signature|issuer|certificate)/m,
  ],
  'a token that the API server does not know': [
    { TEST_TOKEN_FILE: write('other-token', 'a.b.c') },
    /^FAILED {2}a secret .*got HTTP 401: .*invalid_token/m,
  ],
  'nobody who answers': [
    { PIGGY_LOOKUP_ADDRESS: 'http://127.0.0.1:2' },
    /^FAILED {2}a lookup .*ECONNREFUSED/m,
  ],
};

for (const [what, [changed, said]] of Object.entries(broken)) {
  test(`${what}: fails, and says so`, async () => {
    const { code, stdout } = await run(changed);
    assert.match(stdout, said);
    assert.equal(code, 1);
  });
}
