// What the real process says about a launch: its line in the log, and the Event that tells the Pod's author why it was refused.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';

const canary = `canary-${randomBytes(8).toString('hex')}`;
const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, files);
const provider = await startProvider({
  ...files.env,
  ...aws.env,
});
const ofOthers = `{"A":"${canary}","PIGGY_ALLOWED_SA":"shop:web"}`;
aws.putSecret('shop/api', `{"A":"${canary}"}`);
aws.putSecret('shop/web', ofOthers);
aws.putSecret('bank/web', ofOthers);

after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
  const said = [provider.output(), JSON.stringify(kubernetes.events)];
  for (const text of said) assert.ok(!text.includes(canary), text);
});

const readMetrics = async () => (await fetch(`${provider.operationsUrl}/metrics`)).text();

test('a launch is one line: who, what, from where, and how it was decided', async () => {
  const { ask } = launches.prepare('shop/api', { name: 'logged', podUid: 'uid-1' });
  assert.equal((await ask(provider.launchUrl)).status, 200);
  const { time, durationMs, ...line } = await provider.line(({ pod }) => pod === 'logged');
  assert.deepEqual([typeof time, typeof durationMs], ['string', 'number']);
  assert.deepEqual(line, {
    level: 'info',
    msg: 'request',
    route: '/v1/secret',
    status: 200,
    code: 'ok',
    decision: 'allowed',
    rule: 'default namespace',
    namespace: 'shop',
    pod: 'logged',
    podUid: 'uid-1',
    container: 'app',
    serviceAccount: 'api',
    secretId: 'shop/api',
    secretVersion: 'AWSCURRENT',
    region: 'eu-central-1',
    references: 1,
    keys: ['A'],
  });
});

test('a refusal is a line too, with the check that denied it', async () => {
  const { ask } = launches.prepare('shop/api', { name: 'denied', body: { signature: 'x' } });
  await ask(provider.launchUrl);
  const { code, decision, check, keys } = await provider.line(({ pod }) => pod === 'denied');
  const expected = { code: 'signature_mismatch', decision: 'denied', check: 4, keys: ['A'] };
  assert.deepEqual({ code, decision, check, keys }, expected);
});

test('a request that nobody can be named for is logged without what it asked for', async () => {
  const { pod, ask } = launches.prepare('shop/api', { body: { references: ['never-logged'] } });
  kubernetes.revokeToken(pod.metadata.uid);
  assert.equal((await ask(provider.launchUrl)).code, 'invalid_token');
  await provider.line(({ code }) => code === 'invalid_token');
  assert.ok(!provider.output().includes('never-logged'));
});

test('a refusal is an Event on the Pod, once', async () => {
  const { ask } = launches.prepare('shop/web', { name: 'told' });
  await ask(provider.launchUrl);
  await ask(provider.launchUrl);
  const found = () => kubernetes.events.filter((event) => event.involvedObject['name'] === 'told');
  while (found().length === 0) await setImmediate();
  await ask(provider.launchUrl);
  const [{ reason, message, type } = assert.fail(), ...others] = found();
  assert.deepEqual([reason, type, others], ['ServiceAccountNotAllowed', 'Warning', []]);
  assert.match(message, /^service_account_not_allowed: secret shop\/web does not allow shop:api/);
});

test('a secret that was fetched only to see whom it names gives nothing away, and is counted', async () => {
  const { ask } = launches.prepare('bank/web');
  const { code, values } = await ask(provider.launchUrl);
  assert.deepEqual([code, values], ['access_denied', {}]);
  assert.match(
    await readMetrics(),
    /^piggy_access_decisions_total\{decision="denied",rule="default namespace allow-list"\} 1$/m,
  );
});

const foreignSecrets: Record<
  string,
  [put: (name: string) => void, failure?: string, cause?: RegExp]
> = {
  'a secret that names others': [
    (name) => {
      aws.putSecret(name, ofOthers);
    },
  ],
  'a secret that is not JSON': [
    (name) => {
      aws.putSecret(name, canary);
    },
  ],
  'a binary secret': [
    (name) => {
      aws.putSecret(name, Buffer.from(canary));
    },
  ],
  'a secret that IAM refuses': [() => undefined, 'AccessDeniedException', /"aws_access_denied"/],
  'a secret whose KMS key refuses': [() => undefined, 'DecryptionFailure', /kms:Decrypt/],
  'a secret whose KMS key is disabled': [
    () => undefined,
    'KMSInvalidStateException',
    /answered 400/,
  ],
  'a secret that is scheduled for deletion': [
    () => undefined,
    'InvalidRequestException',
    /deletion/,
  ],
};

/** What its author is told about a foreign secret, but for its name. */
async function readRefusal(name: string) {
  const { pod, ask } = launches.prepare(name);
  const { status, code, message } = await ask(provider.launchUrl);
  assert.equal(code, 'access_denied');
  const isOfPod = ({ involvedObject }: { involvedObject: Readonly<Record<string, unknown>> }) =>
    involvedObject['uid'] === pod.metadata.uid;
  while (!kubernetes.events.some(isOfPod)) await setImmediate();
  const event = kubernetes.events.find(isOfPod);
  const line = await provider.line(({ podUid }) => podUid === pod.metadata.uid);
  const told = [String(status), code, message, event?.reason ?? '', event?.message ?? ''];
  return { told: told.map((text) => text.replaceAll(name, '…')), line };
}

for (const [name, [put, type, cause = /(?:)/]] of Object.entries(foreignSecrets)) {
  test(`${name} of another namespace is refused as a missing one is; only the log says why`, async (context) => {
    const secret = `bank/${name.replaceAll(' ', '-')}`;
    put(secret);
    const missing = await readRefusal('bank/missing');
    if (type !== undefined) aws.failWith({ status: 400, type });
    context.after(() => {
      aws.failWith(undefined);
    });
    const refused = await readRefusal(secret);
    assert.deepEqual(refused.told, missing.told);
    assert.match(JSON.stringify(refused.line['error']), cause);
  });
}

test('a foreign secret is not refused because AWS is busy: whom it names is asked again', async (context) => {
  aws.putSecret('bank/ours', `{"A":"${canary}","PIGGY_ALLOWED_SA":"shop:api"}`);
  context.after(() => {
    aws.failWith(undefined);
  });
  for (const [status, type, code] of [
    [400, 'ThrottlingException', 'aws_throttled'],
    [500, 'InternalServiceError', 'aws_unavailable'],
  ] as const) {
    aws.failWith({ status, type });
    const { ask } = launches.prepare(type === 'ThrottlingException' ? 'bank/ours' : 'bank/ours2');
    assert.equal((await ask(provider.launchUrl)).code, code);
  }
});

test('a refusal is answered the same where Events may not be written', async (context) => {
  kubernetes.forbid(/\/events$/);
  context.after(() => {
    kubernetes.forbid(undefined);
  });
  const { ask } = launches.prepare('shop/api', { body: { signature: 'x' } });
  const { status, code } = await ask(provider.launchUrl);
  assert.deepEqual([status, code], [403, 'signature_mismatch']);
  const { level, error } = await provider.line(({ msg }) => String(msg).includes('an Event'));
  assert.equal(level, 'warn');
  assert.match(JSON.stringify(error), /create events in shop.*check the ClusterRole/);
  assert.match(await readMetrics(), /^piggy_pod_events_total\{outcome="failed"\} 1$/m);
});
