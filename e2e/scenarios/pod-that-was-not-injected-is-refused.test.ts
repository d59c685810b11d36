// require-injection on a real API server: a Pod that opted in never starts with its references as they are, also when
// the policy that would have injected it is gone.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { images } from '../images.ts';
import { dryRun, type KubernetesObject, kubectl, refusalOf } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { injectionIsGone } from '../policies.ts';
import { openScenario } from '../scenario.ts';

const { namespace } = openScenario('not-injected', async () => {
  await kubectl(['delete', 'mutatingpolicy', 'inject-secrets']);
  await injectionIsGone();
});
const create = ['create', '--filename', '-'];

after(() => installPiggy());

test('a Pod with a reference is refused, and told where to look', async () => {
  const refusal = await refusalOf(create, JSON.stringify(pod({ inject: 'true' })));
  assert.match(
    refusal,
    /piggy: container app may use a piggy: reference but was not injected; is the policy inject-secrets there and ready\? \(kubectl get mutatingpolicy\)$/,
  );
});

test('an annotation that does not parse is refused by name and value', async () => {
  const refusal = await refusalOf(create, JSON.stringify(pod({ standalone: 'yes' })));
  assert.match(
    refusal,
    /piggy: annotation piggysec.com\/standalone must be "true" or "false", not "yes"$/,
  );
});

test('a Pod that opted out is admitted as it is', async () => {
  const { spec } = (await dryRun(pod({ inject: 'false' }))) as { spec: { containers: object[] } };
  assert.partialDeepStrictEqual(spec.containers, [{ name: 'app', command: ['sleep', 'infinity'] }]);
});

function pod(annotations: Readonly<Record<string, string>>): KubernetesObject {
  const prefixed = Object.entries(annotations).map(([key, value]) => [
    `piggysec.com/${key}`,
    value,
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'app',
      namespace,
      annotations: Object.fromEntries(prefixed) as Record<string, string>,
    },
    spec: {
      containers: [
        {
          name: 'app',
          image: images.busybox,
          command: ['sleep', 'infinity'],
          env: [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }],
        },
      ],
    },
  };
}
