// What is down while a container starts delays the start and does not fail it, up to a minute; after that the container
// says what it waited for.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { awsService } from '../aws.ts';
import { apply, kubectl } from '../kubectl.ts';
import { bringBack, provider, takeDown } from '../outages.ts';
import { podOf, readPod, statusOf, telling, told } from '../pods.ts';
import { until } from '../poll.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();
const expected = { DB_PASSWORD: hashOf(password) };
const OUTAGE_MS = 20_000;

const { namespace } = openScenario('outage', async (namespace) => {
  await createSecret(`${namespace}/default`, { DB_PASSWORD: password });
  await createSecret(`${namespace}/not-cached`, { DB_PASSWORD: password });
});

after(async () => {
  await apply(awsService);
  await bringBack(provider, 2);
});

test('a container that starts while the provider is down for 20 s gets its values then', async () => {
  await takeDown(provider);
  await start('waits-for-provider', { inject: 'true' });
  await hasWaited('waits-for-provider');
  await bringBack(provider, 2);
  await getsItsValues('waits-for-provider');
});

test('a container that starts while AWS is down gets its values when it is back; an impatient one says what is missing', async () => {
  // Nothing answers at the address of AWS any more.
  await apply({ ...awsService, spec: { ...awsSpec, selector: { 'has-this-label': 'nobody' } } });
  // Nor has the provider its value at hand, from a Pod that started before.
  const secret = { 'aws-secret-name': `${namespace}/not-cached` };
  await start('waits-for-aws', secret);
  await start('impatient', { ...secret, 'piggy-number-of-retry': '1' });
  const { state } = await statusOf(
    { pod: 'impatient', container: 'app', namespace },
    'has ended',
    (status) => status.state.terminated !== undefined,
  );
  assert.equal(state.terminated?.exitCode, 125);
  const description = await kubectl(['describe', 'pod', 'impatient', `--namespace=${namespace}`]);
  assert.match(description, /piggy-env: .*502 aws_unavailable/);
  await apply(awsService);
  await getsItsValues('waits-for-aws');
});

const awsSpec = awsService['spec'] as object;

async function start(name: string, annotations: Readonly<Record<string, string>>): Promise<void> {
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' })];
  await apply(
    podOf({ name, namespace, annotations, spec: { containers, restartPolicy: 'Never' } }),
  );
}

/** Waits until the launcher has been running for as long as the outage is to last. */
async function hasWaited(name: string): Promise<void> {
  const container = { pod: name, container: 'app', namespace };
  const { state } = await statusOf(
    container,
    'runs',
    (status) => status.state.running !== undefined,
  );
  const startedAt = Date.parse(state.running?.startedAt ?? '');
  await until('the outage has lasted', () =>
    Promise.resolve(Date.now() - startedAt > OUTAGE_MS ? true : undefined),
  );
}

async function getsItsValues(name: string): Promise<void> {
  assert.deepEqual(await told({ pod: name, container: 'app', namespace }), expected);
  const { status } = await readPod(name, namespace);
  assert.equal(status.containerStatuses?.[0]?.restartCount, 0);
}
