// The chart's life next to Kyverno: tested, upgraded, rolled back, removed without a trace in admission, installed under the
// name of a former installation, and installed again.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { helm, type Installation, installation, installChart, uninstallChart } from '../chart.ts';
import { images } from '../images.ts';
import { apply, dryRun, kubectl, refusalOf } from '../kubectl.ts';
import { deleteNamespace } from '../namespaces.ts';
import { installPiggy } from '../piggy.ts';
import { type Pod, podOf, telling, told } from '../pods.ts';
import { policiesAreGone, policiesAreInForce } from '../policies.ts';
import { until } from '../poll.ts';
import { startRegistry } from '../registry.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret, hashOf } from '../secrets.ts';

const former: Installation = { release: 'piggy-webhooks', namespace: 'piggy-webhooks' };
const create = ['create', '--dry-run=server', '--filename', '-'];
const password = canary();
let registry = '';

const { namespace } = openScenario('chart', async (namespace) => {
  registry = await startRegistry(namespace);
  await createSecret(`${namespace}/default`, { DB_PASSWORD: password });
});

after(async () => {
  // Whatever a failing test left.
  await uninstallChart(former).catch(() => undefined);
  await installPiggy();
});

test('an upgrade changes the settings, and helm test asks for a lookup and is refused a secret', async () => {
  await installChart({
    env: { PIGGY_REGISTRY_PLAIN_HTTP: registry, PIGGY_INITIAL_DELAY: '1s' },
    test: { image: `${registry}/app:v1` },
    policies: {},
  });
  assert.equal(await settingOf('PIGGY_INITIAL_DELAY'), '1s');
  const inNamespace = ['--namespace', installation.namespace];
  const said = await helm(['test', installation.release, ...inNamespace, '--logs']);
  assert.match(said, /ok +a lookup as Kyverno asks for it: registry\.\S+\/app:v1 runs \/app/);
  assert.match(said, /ok +a secret for a Pod that was not injected: refused with not_injected/);
});

test('a Pod whose command the image says is injected', async () => {
  const { spec } = (await dryRun(
    podOf({
      name: 'app',
      namespace,
      annotations: { inject: 'true' },
      spec: {
        containers: [
          { name: 'app', image: `${registry}/app:v1`, env: [{ name: 'A', value: 'piggy:A' }] },
        ],
      },
    }),
  )) as Pod;
  assert.deepEqual(spec.containers[0]?.args, ['--', '/app']);
});

test('by default nobody debugs in the processes of an injected container', async () => {
  await apply(pod('debugged', { inject: 'true' }));
  await told({ pod: 'debugged', container: 'app', namespace });
  const args = [
    'debug',
    'debugged',
    '--target=app',
    `--image=${images.busybox}`,
    '--profile=general',
  ];
  const refusal = await until('the changed policy is in force', async () => {
    const text = await refusalOf([...args, `--namespace=${namespace}`, '--', 'true']);
    return text.includes('piggy:') ? text : undefined;
  });
  assert.match(refusal, /cannot join the processes of an injected container.*leave out --target/);
});

test('a rollback brings the settings back', async () => {
  await helm(['rollback', installation.release, '--namespace', installation.namespace]);
  await until('the setting is gone', async () =>
    (await settingOf('PIGGY_INITIAL_DELAY')) === '' ? true : undefined,
  );
  await policiesAreInForce();
});

test('an uninstalled chart leaves no policy, no webhook and nobody who refuses', async () => {
  await uninstallChart(installation);
  const left = ['mutatingpolicies,validatingadmissionpolicies,validatingadmissionpolicybindings'];
  assert.doesNotMatch(await kubectl(['get', ...left, '--output=name']), /inject|require-injection/);
  await policiesAreGone();
  await until('nothing of it is left', async () => {
    const objects = 'pods,services,deployments,serviceaccounts,networkpolicies,roles,rolebindings';
    const args = ['get', objects, '--namespace', installation.namespace, '--output=name'];
    return (await kubectl(args)) === 'serviceaccount/default' ? true : undefined;
  });
});

test('what the provider made for itself stays, and is told by its label', async () => {
  assert.deepEqual(await madeByProvider(), [
    'configmap/piggy-ca',
    'secret/piggy-admission',
    'secret/piggy-ca-key',
    'secret/piggy-tls',
  ]);
});

test('under the names of a former installation its address serves', async () => {
  await installChart({}, former);
  await policiesAreInForce();
  await apply(pod('former', { 'piggy-address': 'https://piggy-webhooks.piggy-webhooks.svc' }));
  const variables = await told({ pod: 'former', container: 'app', namespace });
  assert.deepEqual(variables, { DB_PASSWORD: hashOf(password) });
  await uninstallChart(former);
  await deleteNamespace(former.namespace);
});

test('without inject-secrets, as it is installed before Kyverno, a Pod that opts in is refused', async () => {
  const before = await authority();
  await installChart({ policies: { injectSecrets: false } });
  await until('require-injection is in force', async () => {
    const refusal = await refusalOf(create, JSON.stringify(pod('early')));
    return /piggy: container app may use a piggy: reference but was not injected/.test(refusal)
      ? true
      : undefined;
  });
  await installPiggy();
  assert.equal(
    await authority(),
    before,
    'a new installation goes on with what the former one made',
  );
});

function pod(name: string, annotations: Readonly<Record<string, string>> = {}) {
  const containers = [telling('app', { DB_PASSWORD: 'piggy:DB_PASSWORD' })];
  return podOf({
    name,
    namespace,
    annotations: { 'aws-secret-name': `${namespace}/default`, ...annotations },
    spec: { containers, restartPolicy: 'Never' },
  });
}

function settingOf(name: string): Promise<string> {
  const path = `--output=jsonpath={.data.${name}}`;
  return kubectl(['get', 'configmap', 'piggy', `--namespace=${installation.namespace}`, path]);
}

function authority(): Promise<string> {
  const inNamespace = `--namespace=${installation.namespace}`;
  return kubectl(['get', 'configmap', 'piggy-ca', inNamespace, '--output=jsonpath={.data}']);
}

async function madeByProvider(): Promise<string[]> {
  const selector = ['--selector', 'piggysec.com/made-by=provider', '--output=name'];
  const args = ['get', 'secrets,configmaps', '--namespace', installation.namespace, ...selector];
  return (await kubectl(args)).split('\n').sort();
}
