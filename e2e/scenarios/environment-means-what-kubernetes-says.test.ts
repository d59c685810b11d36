// What an application finds in its environment and its arguments, on a real kubelet: the same as without Piggy, where a Pod that did
// not opt in has the values themselves in place of references. policies/environment.test.ts has many more such Pods.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { images } from '../images.ts';
import { apply, type KubernetesObject } from '../kubectl.ts';
import { podOf, told } from '../pods.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';
import { tellsAll } from '../tells.ts';

const secret = { PASSWORD: canary(), prod_KEY: `${canary()} $(LOG) $$` };
type Key = keyof typeof secret;

/** How a value is written: in a Pod, and in a ConfigMap or Secret, where the kubelet puts nothing in. */
type Written = { readonly inPod: (key: Key) => string; readonly inData: (key: Key) => string };

const asReference: Written = {
  inPod: (key) => `piggy:${key}`,
  // As echo writes it.
  inData: (key) => `piggy:${key}\n`,
};
const asValue: Written = {
  inPod: (key) => secret[key].replaceAll('$', '$$$$'),
  inData: (key) => secret[key],
};

const { namespace } = openScenario('environment', async (namespace) => {
  await createSecret(`${namespace}/default`, secret);
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace } };
  await apply({ ...service, spec: { ports: [{ port: 5432 }] } });
  await apply(...objects('without', asValue, asValue.inPod('prod_KEY')));
  await apply(...objects('with', asReference, 'piggy:$(STAGE)_KEY'));
});

function objects(name: string, { inPod, inData }: Written, staged: string): KubernetesObject[] {
  const container = {
    name: 'app',
    image: images.busybox,
    command: tellsAll,
    // PATH is set by the runtime, and unknown to the kubelet.
    args: ['$(JAVA_TOOL_OPTIONS)', '--dsn=$(DSN)', '$$(A) $(NOBODY) $(echo $$)', '$(PATH) $(LOG)'],
    envFrom: [{ configMapRef: { name } }, { prefix: 'S_', secretRef: { name } }],
    env: [
      { name: 'JAVA_TOOL_OPTIONS', value: '$(JAVA_TOOL_OPTIONS) -javaagent:/a.jar' },
      { name: 'EARLY', value: '$(LOG) $(LATE)' },
      { name: 'LOG', value: 'other' },
      { name: 'PASSWORD', value: inPod('PASSWORD') },
      { name: 'DSN', value: 'pg://$(PASSWORD)@$(DB_SERVICE_HOST)/$$(x)$(S_PASSWORD)$(EARLY)' },
      { name: 'LATE', value: 'late' },
      { name: 'STAGE', value: 'prod' },
      { name: 'STAGED', value: staged },
      { name: 'PLACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'FOLDER', value: 'logs/$(PLACE)' },
    ],
    volumeMounts: [{ name: 'data', mountPath: '/data', subPathExpr: '$(FOLDER)' }],
  };
  const data = { JAVA_TOOL_OPTIONS: '-Xmx1g', LOG: inData('PASSWORD') };
  const annotations = name === 'with' ? { inject: 'true' } : {};
  const volumes = [{ name: 'data', emptyDir: {} }];
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      stringData: { PASSWORD: inData('PASSWORD') },
    },
    podOf({ name, namespace, annotations, spec: { containers: [container], volumes } }),
  ];
}

test('an application finds what Kubernetes gives it without Piggy, with values for references', async () => {
  const find = async (pod: string) => {
    const { HOSTNAME, ...found } = await told({ pod, container: 'app', namespace });
    assert.equal(HOSTNAME, hashOf(pod));
    return found;
  };
  const found = await find('with');
  assert.equal(found['EARLY'], hashOf(`${secret.PASSWORD} $(LATE)`));
  assert.equal(found['STAGED'], hashOf(secret.prod_KEY));
  assert.deepEqual(found, await find('without'));
});
