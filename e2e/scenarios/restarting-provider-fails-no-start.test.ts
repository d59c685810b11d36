// A rolling restart of the provider while Pods start all the time: each of them is admitted and gets its values at its first
// start.

import { test } from 'node:test';
import { kubectl, rolledOut } from '../kubectl.ts';
import { underLoad } from '../load.ts';
import { podOf, telling } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret } from '../secrets.ts';

const { namespace } = openScenario('restart', (namespace) =>
  createSecret(`${namespace}/default`, { DB_PASSWORD: canary() }),
);

test('Pods that start while the provider is restarted replica by replica', () =>
  underLoad(pod, async () => {
    await kubectl(['rollout', 'restart', 'deployment/piggy', '--namespace=piggy-system']);
    await rolledOut('deployment/piggy', 'piggy-system');
  }));

function pod(name: string) {
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' }, 0)];
  const spec = { containers, restartPolicy: 'Never' };
  return podOf({ name, namespace, annotations: { inject: 'true' }, spec });
}
