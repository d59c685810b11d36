// The doctor in a real installation: it finds a healthy one healthy, names what is broken, and foretells of a Pod what
// admission and the provider then do. No value is in anything that it says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askDoctor, messagesOf } from '../doctor.ts';
import { apply, dryRun, kubectl } from '../kubectl.ts';
import { installPiggy } from '../piggy.ts';
import { type Pod, podOf, telling, told } from '../pods.ts';
import { startRegistry } from '../registry.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret } from '../secrets.ts';

const password = canary();
const references = { DB_PASSWORD: 'piggy:DB_PASSWORD' };
const env = [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }];
let registry = '';

const { namespace } = openScenario('doctor', async (namespace) => {
  registry = await startRegistry(namespace);
  await createSecret(`${namespace}/default`, { DB_PASSWORD: password });
  await installScenario();
  await apply(podOf({ ...named('running'), spec: { containers: [telling('app', references)] } }));
  await told({ pod: 'running', container: 'app', namespace });
  // The doctor's replica has then been asked by Kyverno.
  await dryRun(byImage());
});

test('of a healthy installation every check is ok', async () => {
  const image = `${registry}/app:v1`;
  const diagnosis = await ask(['--secret', `${namespace}/default`, '--image', image]);
  assert.deepEqual(
    diagnosis.findings.map(({ check, status }) => `${status}: ${check}`),
    [
      'kyverno',
      'inject-secrets',
      'rights of kyverno',
      'require-injection',
      'protect-injected',
      'settings',
      'provider',
      'certificate',
      'sealing key',
      'token review',
      'access rules',
      'aws identity',
      'secret',
      'registry',
    ].map((check) => `ok: ${check}`),
    diagnosis.text,
  );
  assert.equal(diagnosis.exitCode, 0);
});

type Trouble = {
  readonly check: string;
  readonly says: RegExp;
  readonly cause?: readonly string[];
  readonly args?: readonly string[];
};

const troubles: Readonly<Record<string, Trouble>> = {
  'the policy inject-secrets is not there': {
    check: 'inject-secrets',
    says: /^fails: there is no MutatingPolicy inject-secrets, so Pods that opt in are refused$/,
    cause: ['delete', 'mutatingpolicy', 'inject-secrets'],
  },
  'require-injection is not bound': {
    check: 'require-injection',
    says: /^fails: require-injection has no binding, so it refuses nothing$/,
    cause: ['delete', 'validatingadmissionpolicybinding', 'require-injection'],
  },
  'Kyverno may not read the sealing key any more': {
    check: 'rights of kyverno',
    says: /^fails: service account kyverno:kyverno-admission-controller of Kyverno may not get secret piggy-admission in namespace piggy-system/,
    cause: [
      ...['patch', 'role', 'piggy-kyverno', '--namespace=piggy-system', '--type=json'],
      '--patch=[{"op":"replace","path":"/rules/1/resourceNames","value":["other"]}]',
    ],
  },
  'the settings were changed by hand': {
    check: 'settings',
    says: /^fails: the ConfigMap piggy and this replica differ in AWS_REGION$/,
    cause: [
      ...['patch', 'configmap', 'piggy', '--namespace=piggy-system', '--type=merge'],
      '--patch={"data":{"AWS_REGION":"eu-north-1"}}',
    ],
  },
  'a secret is not there': {
    check: 'secret',
    says: /^fails: secret_not_found: /,
    args: ['--secret', 'no/such-secret'],
  },
  'an image cannot be looked up': {
    check: 'registry',
    says: /^fails: .*no-registry/,
    args: ['--image', 'no-registry.invalid/app:v1'],
  },
};

for (const [trouble, { check, says, cause = [], args = [] }] of Object.entries(troubles)) {
  test(`${trouble}: the doctor names it, nothing else, and ends with 1`, async () => {
    if (cause.length > 0) await kubectl(cause);
    const diagnosis = await ask(args);
    if (cause.length > 0) await installScenario();
    assert.match(messagesOf(diagnosis)[check] ?? '', says);
    const failing = diagnosis.findings.filter(({ status }) => status === 'fails');
    assert.deepEqual(
      failing.map((finding) => finding.check),
      [check],
    );
    assert.equal(diagnosis.exitCode, 1);
  });
}

test('of a Pod that runs it says what was injected, what runs, and that it may read', async () => {
  const diagnosis = await ask(['--pod', `${namespace}/running`]);
  const said = messagesOf(diagnosis);
  assert.equal(said[`pod ${namespace}/running`], 'ok: it was injected: app');
  const command = telling('app', references).command;
  assert.equal(said['app: launch command'], `ok: ${JSON.stringify(command)}`);
  const secret = `secret ${namespace}/default (AWSCURRENT) in eu-west-1`;
  assert.equal(said['app: secret'], `ok: ${secret}`);
  const account = `service account ${namespace}:default`;
  assert.ok(said['app: access']?.startsWith(`ok: ${account} may read it by: `), diagnosis.text);
  assert.equal(said['app: values'], 'ok: the secret can be read and has DB_PASSWORD');
  assert.equal(diagnosis.exitCode, 0);
});

test('of a manifest it foretells the launch command that admission then writes', async () => {
  const diagnosis = await ask(['--pod', '-'], byImage());
  const said = messagesOf(diagnosis);
  assert.match(said[`pod ${namespace}/by-image`] ?? '', /^ok: it would be injected: app /);
  const { spec } = (await dryRun(byImage())) as Pod;
  const [, ...argv] = spec.containers[0]?.args ?? [];
  assert.equal(said['app: launch command'], `ok: ${JSON.stringify(argv)}`);
  assert.equal(said['app: values'], 'ok: the secret can be read and has DB_PASSWORD');
  assert.equal(diagnosis.exitCode, 0);
});

test('of a Pod whose secret names other readers it says that it may not read', async () => {
  const secret = `of-others-${namespace}/db`;
  await createSecret(secret, { DB_PASSWORD: password, PIGGY_ALLOWED_SA: 'others:api' });
  const diagnosis = await ask(['--pod', '-'], byImage({ 'aws-secret-name': secret }));
  const values = messagesOf(diagnosis)['app: values'] ?? '';
  assert.match(values, /^fails: access_denied: service account \S+ may not read /);
  assert.ok(values.includes(`${namespace}:default`), values);
  assert.equal(diagnosis.exitCode, 1);
});

test('of a Pod that did not opt in it says that it is not injected', async () => {
  const { metadata, ...rest } = byImage();
  const plain = { ...rest, metadata: { ...metadata, annotations: {} } };
  const diagnosis = await ask(['--pod', '-'], plain);
  const said = messagesOf(diagnosis)[`pod ${namespace}/by-image`] ?? '';
  assert.match(said, /^ok: it is not injected: /);
});

/** One replica: the one that the doctor is run in is then the one that Kyverno has asked. */
async function installScenario(): Promise<void> {
  await installPiggy({ replicas: 1, env: { PIGGY_REGISTRY_PLAIN_HTTP: registry } });
}

async function ask(args: readonly string[], manifest?: object) {
  const diagnosis = await askDoctor(args, manifest);
  assert.ok(!diagnosis.text.includes(password), 'it shows a value');
  return diagnosis;
}

function named(name: string) {
  return { name, namespace, annotations: { inject: 'true' } };
}

/** A Pod whose image says what it runs. */
function byImage(annotations: Readonly<Record<string, string>> = {}) {
  const containers = [{ name: 'app', image: `${registry}/app:v1`, args: ['serve'], env }];
  const { name, ...place } = named('by-image');
  const all = { ...place.annotations, ...annotations };
  return podOf({ ...place, name, annotations: all, spec: { containers } });
}
