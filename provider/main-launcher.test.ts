// The real launcher, started as the kubelet would, gets its values from the real provider and becomes the application.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { buildLauncher } from '../tools/launcher.ts';
import { startAws } from './testing/aws.ts';
import { injectedPod } from './testing/injected-pod.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';

// The launcher reads its token from where admission mounts it, so each run gets a /run of its own.
const inOwnMount = ['--map-root-user', '--mount', 'sh', '-c'];
const mountToken =
  'mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/piggysec.com && cp "$0" /run/secrets/piggysec.com/token';

function whyNot(): string | undefined {
  if (spawnSync('go', ['version']).status !== 0) return 'go is not installed';
  const { status } = spawnSync('unshare', [...inOwnMount, mountToken, '/dev/null']);
  return status === 0 ? undefined : 'this machine allows no mount namespace (unshare --mount)';
}

const missing = whyNot();
if (missing !== undefined) console.error(`skipped: the launcher against the provider; ${missing}`);

const application =
  'echo "password=$DB_PASSWORD dsn=$DSN argument=$1 piggy=$PIGGY_UID$PIGGY_CA"; ' +
  'echo "token=$API_TOKEN url=$URL port=$PORT license=${LICENSE-unset}"';

suite('the launcher against the provider', { skip: missing ?? false }, () => {
  test('an application starts with its values, and they are nowhere else', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'piggy-launcher-'));
    const [launcher, kubernetes, aws] = await Promise.all([
      buildLauncher(folder),
      startKubernetesApi(),
      startAws(),
    ]);
    const files = await installProvider({ kubernetes });
    context.after(async () => {
      await Promise.all([kubernetes.stop(), aws.stop()]);
      files.remove();
      rmSync(folder, { recursive: true });
    });
    const provider = await startProvider({
      ...files.env,
      ...aws.env,
    });
    context.after(() => provider.stop());
    const canary = `canary-${randomBytes(8).toString('hex')}`;
    aws.putSecret('shop/api', JSON.stringify({ DB_PASSWORD: canary }));
    aws.putSecret('shop/partners', JSON.stringify({ token: canary }));
    aws.putParameter({ name: '/shop/url', type: 'SecureString', value: canary });

    const argv = ['sh', '-c', application, 'sh', 'user $(DB_PASSWORD)'];
    const env = {
      DB_PASSWORD: 'piggy:DB_PASSWORD',
      API_TOKEN: 'piggy:secret:shop/partners#token',
      URL: 'piggy:arn:aws:ssm:eu-central-1:123456789012:parameter/shop/url',
      PORT: 'piggy:key:PORT?default=5432',
      LICENSE: 'piggy:secret:shop/license?optional',
      // As the kubelet makes them of what admission marked.
      DSN: 'pg://app:<m>piggy:DB_PASSWORD</m>@db',
      PIGGY_MARK: 'm',
      PIGGY_EXPAND_0: '<m>piggy:DB_PASSWORD</m>',
      PIGGY_AWS_SECRET_NAME: 'shop/api',
      PIGGY_ADDRESS: provider.launchUrl,
      PIGGY_CA: files.ca,
    };
    // In the spec every "$" that the kubelet would expand stands twice.
    const args = argv.map((word) => word.replaceAll('$(', '$$$$('));
    const { uid, pod } = injectedPod({ args, env });
    kubernetes.putPod(pod);
    const bound = { name: pod.metadata.name, uid: pod.metadata.uid };
    const token = kubernetes.mintToken({ namespace: 'shop', serviceAccount: 'api', pod: bound });
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, token);

    const { stdout, stderr } = await promisify(execFile)(
      'unshare',
      [...inOwnMount, `${mountToken} && exec "$@"`, tokenFile, launcher, '--', ...argv],
      { env: { ...env, PIGGY_UID: uid, PATH: process.env['PATH'] } },
    );
    assert.equal(
      stdout,
      `password=${canary} dsn=pg://app:${canary}@db argument=user ${canary} piggy=\n` +
        `token=${canary} url=${canary} port=5432 license=unset\n`,
    );
    assert.equal(stderr, '');
    assert.ok(!provider.output().includes(canary));
  });
});
