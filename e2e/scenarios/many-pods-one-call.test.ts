// Pods that start together on one secret cost AWS one call for each replica of the provider and each lifetime of its cache,
// however many they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicas } from '../ask-for-secret.ts';
import { apply, kubectl } from '../kubectl.ts';
import { podOf, telling } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret } from '../secrets.ts';

const PODS = 60;
// PIGGY_SECRET_CACHE, as it is by default.
const CACHE_MS = 5000;

const { namespace } = openScenario('many', (namespace) =>
  createSecret(`${namespace}/default`, { DB_PASSWORD: canary() }),
);

test('60 Pods at once', async () => {
  const since = new Date().toISOString();
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' }, 0)];
  const spec = { containers, restartPolicy: 'Never' };
  const names = Array.from({ length: PODS }, (_, index) => `app-${index}`);
  const annotations = { inject: 'true' };
  await apply(...names.map((name) => podOf({ name, namespace, annotations, spec })));
  await until(
    'all have ended',
    async () => {
      const path = '--output=jsonpath={.items[*].status.phase}';
      const phases = (await kubectl(['get', 'pods', path, `--namespace=${namespace}`])).split(' ');
      assert.ok(!phases.includes('Failed'));
      return phases.every((phase) => phase === 'Succeeded') ? true : undefined;
    },
    { withinMs: 300_000 },
  );
  for (const replica of await replicas()) {
    const calls = await callsToAws(replica, since);
    const lifetimes = 1 + ((calls.at(-1) ?? 0) - (calls[0] ?? 0)) / CACHE_MS;
    // Lifetimes begin with a call and moto logs its end, and a call that is answered late is tried again.
    assert.ok(calls.length <= 2 * lifetimes, `${replica} called AWS at ${calls.join(', ')}`);
  }
});

/** When this replica called AWS, by moto's log; the kubelet's probes come from elsewhere. */
async function callsToAws(address: string, since: string): Promise<number[]> {
  const options = ['--namespace=aws', '--timestamps', `--since-time=${since}`];
  const lines = (await kubectl(['logs', 'deployment/moto', ...options])).split('\n');
  return lines
    .filter((line) => line.includes(` ${address} - - `) && line.includes('"POST / '))
    .map((line) => Date.parse(line.slice(0, line.indexOf(' '))));
}
