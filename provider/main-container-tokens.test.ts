// Check 3 in the real process, where another container of the same Pod asks in the name of one: a token that says whose it is, and
// containers that go by their own names.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';

const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const provider = await startProvider({ ...files.env, ...aws.env });
const launches = createLaunches(kubernetes, { ca: files.ca });
aws.putSecret('shop/api', '{"A":"1"}');

after(async () => {
  await Promise.all([provider.stop(), launches.close()]);
  await Promise.all([kubernetes.stop(), aws.stop()]);
  files.remove();
});

const OF_APP = 'piggysec.com/app';
const OF_SIDECAR = 'piggysec.com/sidecar';
const RANDOM = 'e'.repeat(32);

const tokens: Record<string, [uid: string, audience: string, code: string]> = {
  'of its own is answered a container that goes by its name': ['app', OF_APP, 'ok'],
  'of another container of its Pod is answered no container': ['app', OF_SIDECAR, 'not_injected'],
  'of the whole Pod is answered no container that goes by its name': [
    'app',
    'piggysec.com',
    'not_injected',
  ],
  'of the whole Pod is answered a container that goes by a random uid': [
    RANDOM,
    'piggysec.com',
    'ok',
  ],
  'of another container is answered no container that goes by a random uid': [
    RANDOM,
    OF_SIDECAR,
    'not_injected',
  ],
  'of what is no container is none of ours': ['app', 'piggysec.com/', 'invalid_token'],
};

for (const [name, [uid, audience, expected]] of Object.entries(tokens)) {
  test(`a token ${name}`, async () => {
    const sidecar = {
      name: 'sidecar',
      image: 'i',
      command: ['/piggy/piggy-env'],
      args: ['--', 's'],
    };
    const launch = launches.prepare('shop/api', {
      uid,
      token: { audience },
      spec: { initContainers: [sidecar] },
    });
    const { code, values } = await launch.ask(provider.launchUrl);
    assert.equal(code, expected);
    assert.deepEqual(values, expected === 'ok' ? { A: '1' } : {});
  });
}
