// Pods that start together on one secret cost AWS at most one call for each replica of the provider, however many they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicas } from '../ask-for-secret.ts';
import { apply, kubectl } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { podOf, telling } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret } from '../secrets.ts';

const PODS = 60;
// So long that one lifetime holds the start of all of them, on a slow machine, too.
const cache = { PIGGY_SECRET_CACHE: '5m' };

const { namespace } = openScenario('many', async (namespace) => {
  await createSecret(`${namespace}/default`, { DB_PASSWORD: canary() });
  await installPiggy({ env: cache });
});

test('60 Pods at once', async () => {
  const since = new Date().toISOString();
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' }, 0)];
  const spec = { containers, restartPolicy: 'Never' };
  const names = Array.from({ length: PODS }, (_, index) => `app-${index}`);
  const annotations = { inject: 'true' };
  await apply(...names.map((name) => podOf({ name, namespace, annotations, spec })));
  const phases = await until('all have ended', endedPhases, { withinMs: 300_000 });
  assert.deepEqual(phases, Array(PODS).fill('Succeeded'));
  const calls = await callsToAws(await replicas(), since);
  assert.ok(calls.every((count) => count <= 1) && calls.includes(1), `calls: ${calls.join(', ')}`);
});

/** Of the Pods, once all have one that is an end. */
async function endedPhases(): Promise<string[] | undefined> {
  const path = '--output=jsonpath={.items[*].status.phase}';
  const phases = (await kubectl(['get', 'pods', path, `--namespace=${namespace}`])).split(' ');
  return phases.every((phase) => ['Succeeded', 'Failed'].includes(phase)) ? phases : undefined;
}

/** How often each of these addresses called AWS, by moto's log; the kubelet's probes come from elsewhere. */
async function callsToAws(addresses: readonly string[], since: string): Promise<number[]> {
  const options = ['--namespace=aws', `--since-time=${since}`];
  const log = await kubectl(['logs', 'deployment/moto', ...options]);
  const calls = log.split('\n').filter((line) => line.includes('"POST / '));
  return addresses.map(
    (address) => calls.filter((line) => line.startsWith(`${address} - - `)).length,
  );
}
