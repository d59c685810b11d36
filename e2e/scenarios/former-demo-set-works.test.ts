// The earlier Piggy's demo set, applied as it is against an installation under its names: the applications get their values.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Installation, installChart, uninstallChart, installation } from '../chart.ts';
import { demos, image, parameterPath, region, secretName } from '../former-demo.ts';
import { images } from '../images.ts';
import { kubectl } from '../kubectl.ts';
import { createNamespace, deleteNamespace } from '../namespaces.ts';
import { type OpenRegistry, startOpenRegistry } from '../open-registry.ts';
import { told } from '../pods.ts';
import { policiesAreInForce } from '../policies.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf, putParameter, removeSecret } from '../secrets.ts';

const former: Installation = { release: 'piggy-webhooks', namespace: 'piggy-webhooks' };
const values = { TEST_ENV: canary(), TEST_LIST: `${canary()},${canary()}`, TEST_PLAIN: canary() };
let registry: OpenRegistry | undefined;

const { namespace } = openScenario('former-demo', async (namespace) => {
  registry = await startOpenRegistry(namespace, 'ghcr.io');
  await registry.push(images.tellsAll, image);
  // The namespace of the demo of the default secret name is written in its manifests, and so is its secret's name in the settings.
  await createNamespace('demo');
  // These names are the manifests', and an earlier run may have left them.
  await removeSecret(secretName, region);
  await createSecret(secretName, { TEST_ENV: values.TEST_ENV }, region);
  await putParameter(`${parameterPath}/TEST_ENV`, values.TEST_ENV, { region });
  await putParameter(`${parameterPath}/TEST_LIST`, values.TEST_LIST, {
    region,
    type: 'StringList',
  });
  await putParameter(`${parameterPath}/TEST_PLAIN`, values.TEST_PLAIN, { region, type: 'String' });
  await uninstallChart(installation);
  await installChart(
    {
      access: { default: 'allow' },
      env: {
        AWS_REGION: region,
        PIGGY_DEFAULT_SECRET_NAME_PREFIX: '',
        PIGGY_DEFAULT_SECRET_NAME_SUFFIX: '/test',
        ...registry.settings,
      },
    },
    former,
  );
  await policiesAreInForce();
});

after(async () => {
  await registry?.forget();
  await uninstallChart(former).catch(() => undefined);
  for (const name of ['demo', former.namespace, ...Object.keys(demos).map(namespaceOf)]) {
    await deleteNamespace(name).catch(() => undefined);
  }
});

const expected: Record<string, Readonly<Record<string, string>>> = {
  ssm: values,
};

for (const [name, [pod, ...manifests]] of Object.entries(demos)) {
  test(`the application of the demo ${name} gets its values`, async () => {
    const where = namespaceOf(name);
    if (where !== 'demo') await createNamespace(where);
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    await kubectl(['apply', '--namespace', where, '--filename', '-'], list);
    const container = pod === 'myapp' ? 'myapp' : 'demo';
    const variables = await told({ pod, container, namespace: where });
    // Each asks for a fifth of a processor.
    await kubectl(['delete', 'pod', pod, '--namespace', where, '--grace-period=0', '--force']);
    for (const [variable, value] of Object.entries(
      expected[name] ?? { TEST_ENV: values.TEST_ENV },
    )) {
      assert.equal(variables[variable], hashOf(value), variable);
    }
  });
}

function namespaceOf(demo: string): string {
  return demo === 'default-value' ? 'demo' : `${namespace}-${demo}`;
}
