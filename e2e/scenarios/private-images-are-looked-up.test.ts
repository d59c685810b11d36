// Pods that leave it to their image what they run, from a private registry: what may be pulled with the Pod's pull secret is
// looked up with it, and where that fails the author reads what the registry said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { images } from '../images.ts';
import { apply, type KubernetesObject, refusalOf } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { podOf, told } from '../pods.ts';
import { type PrivateRegistry, startPrivateRegistry } from '../private-registry.ts';
import { pullSecretOf, valuesToTrust } from '../registry-access.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const password = canary();
const repository = 'team/app';
let registry: PrivateRegistry | undefined;
let digest = '';

const { namespace } = openScenario('private', async (namespace) => {
  registry = await startPrivateRegistry(namespace);
  digest = await registry.push(images.selfContained, repository, 'v1');
  const other = await registry.push(images.selfContained, repository, 'other-platform');
  await registry.pushIndex(repository, 'multi', { amd64: digest, arm64: other });
  await createSecret(`${namespace}/default`, { DB_PASSWORD: password });
  const { host } = registry;
  await apply(
    pullSecretOf({ name: 'right', namespace, host }),
    pullSecretOf({ name: 'wrong', namespace, host, password: 'canary-0bad0123' }),
  );
  const trusted = await valuesToTrust(registry);
  await installPiggy({ ...trusted, pullSecrets: { namespaces: [namespace] } });
});

const references: Record<string, () => string> = {
  'a tag': () => `${repository}:v1`,
  'a digest': () => `${repository}@${digest}`,
  'a tag of several platforms': () => `${repository}:multi`,
};

for (const [what, reference] of Object.entries(references)) {
  test(`an image by ${what} is injected with what it runs`, async () => {
    const name = what.replaceAll(' ', '-');
    await apply(pod(name, reference(), 'right'));
    const variables = await told({ pod: name, container: 'app', namespace });
    assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
  });
}

test('with a wrong password the author reads what the registry said', async () => {
  const create = ['create', '--filename', '-'];
  const refusal = await refusalOf(
    create,
    JSON.stringify(pod('wrong', `${repository}:v1`, 'wrong')),
  );
  const host = `registry\\.${namespace}\\.svc`;
  const secret = `with pull secret ${namespace}/wrong`;
  assert.match(refusal, new RegExp(`piggy: registry ${host}: 401 for ${repository}:v1 ${secret}`));
});

function pod(name: string, image: string, secret: string): KubernetesObject {
  const env = [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }];
  const host = registry?.host ?? '';
  return podOf({
    name,
    namespace,
    annotations: { inject: 'true' },
    spec: {
      imagePullSecrets: [{ name: secret }],
      containers: [{ name: 'app', image: `${host}/${image}`, imagePullPolicy: 'Always', env }],
    },
  });
}
