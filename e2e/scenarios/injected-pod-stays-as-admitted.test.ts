// protect-injected on a real API server: once admitted, a wrapped container keeps its image, and no ephemeral container
// gets at what the launcher uses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ephemeralContainer } from '../ephemeral-containers.ts';
import { images } from '../images.ts';
import { apply, kubectl, refusalOf } from '../kubectl.ts';
import { openScenario } from '../scenario.ts';

const argv = ['sleep', 'infinity'];

const { namespace } = openScenario('stays-as-admitted', (namespace) =>
  apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'app',
      namespace,
      annotations: { 'piggysec.com/aws-secret-name': 'shop/db' },
    },
    spec: {
      containers: [
        {
          name: 'app',
          image: images.busybox,
          command: argv,
          env: [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }],
        },
        { name: 'sidecar', image: images.busybox, command: ['sleep', 'infinity'] },
      ],
    },
  }),
);
const inNamespace = `--namespace=${namespace}`;

type Container = {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
};
type Pod = {
  readonly spec: { readonly containers: Container[]; readonly initContainers?: Container[] };
};

test('a container with a reference starts through the launcher, its sidecar without one does not', async () => {
  const { spec } = await readPod();
  const [app, sidecar] = spec.containers;
  assert.deepEqual(app?.command, ['/piggy/piggy-env']);
  assert.deepEqual(app.args, ['--', ...argv]);
  assert.deepEqual(sidecar?.command, ['sleep', 'infinity']);
  assert.deepEqual(
    spec.initContainers?.map(({ name, image }) => [name, image]),
    [['install-piggy-env', images.launcher]],
  );
});

test('the image of a wrapped container cannot change', async () => {
  const refusal = await refusalOf([
    'set',
    'image',
    'pod/app',
    `app=${images.launcher}`,
    inNamespace,
  ]);
  assert.match(
    refusal,
    /piggy: the image of an injected container cannot change; create a new Pod$/,
  );
});

test('the image of a container that is not wrapped can change', async () => {
  const change = ['set', 'image', 'pod/app', `sidecar=${images.launcher}`, '--dry-run=server'];
  await kubectl([...change, inNamespace]);
});

const refused: Record<string, object> = {
  'the launcher': { command: ['/piggy/piggy-env'], args: ['--', ...argv] },
  "the launcher's variables": { env: [{ name: 'PIGGY_UID', value: '0'.repeat(32) }] },
  "the launcher's volume": { volumeMounts: [{ name: 'piggy-env', mountPath: '/elsewhere' }] },
  "the launcher's token": { volumeMounts: [{ name: 'piggy-token', mountPath: '/elsewhere' }] },
};

for (const [what, container] of Object.entries(refused)) {
  test(`an ephemeral container with ${what} is refused`, async () => {
    const refusal = await refusalOf(...(await intruder(container)));
    assert.match(
      refusal,
      /piggy: an ephemeral container cannot use the launcher, its variables, its token or its volume$/,
    );
  });
}

test('an ephemeral container that needs nothing of it is welcome', async () => {
  const options = ['--container=debugger', `--image=${images.busybox}`, '--profile=general'];
  await kubectl(['debug', 'app', ...options, inNamespace, '--', 'true']);
});

async function readPod(): Promise<Pod> {
  return JSON.parse(await kubectl(['get', 'pod', 'app', inNamespace, '--output=json'])) as Pod;
}

function intruder(container: object): Promise<[string[], string]> {
  const named = { name: 'intruder', image: images.busybox };
  return ephemeralContainer({ pod: 'app', namespace }, { ...named, ...container });
}
