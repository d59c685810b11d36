// PIGGY_ENV_DELIVERY: image-volume: the kubelet mounts the launcher's image into the Pod, and no init container copies it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withRole } from '../irsa.ts';
import { apply, dryRun } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { type Pod, podOf, readPod, telling, told } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();
const app = telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' });

const { namespace } = openScenario('volume', async (namespace) => {
  await createSecret(`${namespace}/default`, { DB_PASSWORD: password });
  await installPiggy({ env: { PIGGY_ENV_DELIVERY: 'image-volume' } });
  await until('Kyverno knows the setting', async () => {
    const { spec } = (await dryRun(pod('probe', { containers: [app] }))) as Pod;
    return spec.initContainers === undefined ? true : undefined;
  });
});

const runs: Record<string, readonly [Record<string, string>, Record<string, unknown>]> = {
  asking: [{}, { containers: [app] }],
  standalone: [{ standalone: 'true' }, withRole({ containers: [app] })],
  restricted: [
    {},
    {
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10_001,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          ...app,
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  ],
};

for (const [name, [annotations, spec]] of Object.entries(runs)) {
  test(`a Pod (${name}) gets its values without an init container`, async () => {
    await apply(pod(name, spec, annotations));
    const variables = await told({ pod: name, container: 'app', namespace });
    assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
    assert.equal((await readPod(name, namespace)).spec.initContainers, undefined);
  });
}

function pod(
  name: string,
  spec: Readonly<Record<string, unknown>>,
  annotations: Readonly<Record<string, string>> = {},
) {
  return podOf({ name, namespace, annotations: { inject: 'true', ...annotations }, spec });
}
