// The doctor as the process that it is, beside a running provider, against stand-ins for the cluster, AWS and a registry.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { startAws } from './testing/aws.ts';
import { injectedPod } from './testing/injected-pod.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import type { StoredObject } from './testing/kubernetes-objects.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { startRegistry } from './testing/registry.ts';

const root = join(import.meta.dirname, '..');
const NAMESPACE = 'piggy-system';
const CANARY = 'canary-5e1f00d5';
const [kubernetes, aws, registry] = await Promise.all([
  startKubernetesApi(),
  startAws(),
  startRegistry(),
]);
registry.addImage('shop/api', 'v1', { entrypoint: ['shop-api'], cmd: ['serve'] });
aws.putSecret('shop/api', JSON.stringify({ DB_PASSWORD: CANARY, db: { port: 5432 } }));
const files = await installProvider({ kubernetes });
const settings = {
  PIGGY_LOOKUP_ADDRESS: 'http://piggy.piggy-system.svc:8080',
  PIGGY_ENV_IMAGE: 'ghcr.io/example/piggy-env:v1',
  AWS_REGION: 'eu-west-1',
};
const env = {
  ...files.env,
  ...settings,
  PIGGY_NAMESPACE: NAMESPACE,
  PIGGY_HOST: '127.0.0.1',
  PIGGY_REGISTRY_MIRRORS: `registry.example=${registry.host}`,
  PIGGY_REGISTRY_PLAIN_HTTP: registry.host,
  PIGGY_REGISTRY_LOOPBACK_HOSTS: registry.host,
  AWS_ENDPOINT_URL: aws.url,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
};
const provider = await startProvider(env);
const portOf = (url: string) => new URL(url).port;
const address = { PIGGY_ADDRESS: `https://localhost:${portOf(provider.launchUrl)}` };
const doctorEnv = {
  ...env,
  ...address,
  PIGGY_OPERATIONS_PORT: portOf(provider.operationsUrl),
  AWS_EC2_METADATA_DISABLED: 'true',
};

after(async () => {
  await provider.stop();
  await Promise.all([kubernetes.stop(), aws.stop(), registry.close()]);
  files.remove();
});

function put(path: string, object: object): void {
  const name = path.split('/').at(-1) ?? '';
  const stored: StoredObject = { metadata: { namespace: NAMESPACE, name }, ...object };
  kubernetes.putObject(path, stored);
}

const shipped = parse(readFileSync(join(root, 'policies/inject-secrets.yaml'), 'utf8')) as object;
const native = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
put('/apis/apps/v1/namespaces/kyverno/deployments/kyverno-admission-controller', {
  spec: { template: { spec: { containers: [{ image: 'kyverno:v1.19.1' }] } } },
  status: { readyReplicas: 1 },
});
put('/apis/policies.kyverno.io/v1/mutatingpolicies/inject-secrets', {
  ...shipped,
  status: { conditionStatus: { ready: true } },
});
for (const name of ['require-injection', 'protect-injected']) {
  put(`${native}ies/${name}`, {});
  put(`${native}ybindings/${name}`, { spec: { validationActions: ['Deny'] } });
}
put(`/api/v1/namespaces/${NAMESPACE}/configmaps/piggy`, { data: { ...settings, ...address } });
put(`/api/v1/namespaces/${NAMESPACE}/configmaps/piggy-ca`, { data: { 'ca.crt': files.ca } });

type Examination = {
  readonly code: number;
  readonly lines: readonly string[];
  readonly all: string;
};

async function examine(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Examination> {
  const program = join(root, 'provider/main.ts');
  const child = spawn(process.execPath, [program, 'doctor', ...args], {
    env: { ...doctorEnv, ...env },
  });
  child.stdin.end(input);
  const exited = once(child, 'exit') as Promise<[number]>;
  const [all, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.equal(errors, '');
  assert.ok(!all.includes(CANARY), 'a secret value is in the output');
  return { code: (await exited)[0], lines: all.trimEnd().split('\n'), all };
}

function statusOf({ lines, all }: Examination, check: string): string {
  const line = lines.find((one) => one.slice('not checked  '.length).startsWith(`${check} `));
  return line?.slice(0, 'not checked'.length).trim() ?? assert.fail(`no ${check} in\n${all}`);
}

const everything = ['--secret=shop/api', '--image=registry.example/shop/api:v1'];

test('an installation that is right has nothing that fails', async () => {
  const examination = await examine(everything);
  assert.equal(examination.code, 0, examination.all);
  const checks = ['kyverno', 'inject-secrets', 'require-injection', 'protect-injected'];
  checks.push('rights of kyverno');
  checks.push('settings', 'provider', 'certificate', 'token review', 'access rules');
  for (const check of [...checks, 'aws identity', 'secret', 'registry']) {
    assert.equal(statusOf(examination, check), 'ok', check);
  }
  // Nobody has asked about an image yet.
  assert.equal(statusOf(examination, 'sealing key'), 'not checked');
  assert.match(examination.all, /arn:aws:iam::123456789012:user\/piggy/);
});

test('the same as JSON', async () => {
  const { code, all } = await examine(['--json']);
  const { healthy, findings } = JSON.parse(all) as { healthy: boolean; findings: object[] };
  assert.deepEqual([code, healthy, findings.length], [0, true, 14]);
});

test('what is missing, what is not allowed and what is broken are three different things', async (t) => {
  kubernetes.forbid(/mutatingpolicies/);
  t.after(() => {
    kubernetes.forbid(undefined);
  });
  const elsewhere = ['--kyverno', 'policy/kyverno', '--secret', 'shop/none'];
  const examination = await examine([...elsewhere, '--image', 'registry.example/shop/none']);
  assert.equal(examination.code, 1);
  assert.equal(statusOf(examination, 'kyverno'), 'fails');
  assert.equal(statusOf(examination, 'inject-secrets'), 'not checked');
  assert.match(examination.all, /fails +secret +secret_not_found/);
  assert.match(examination.all, /fails +registry +image_not_found/);
});

test('a right that Kyverno lacks is named', async (t) => {
  const account = 'system:serviceaccount:kyverno:default';
  kubernetes.allowOnly([`${account} get configmaps/piggy`, `${account} get configmaps/piggy-ca`]);
  t.after(() => {
    kubernetes.allowOnly(undefined);
  });
  const examination = await examine([]);
  assert.equal(examination.code, 1);
  assert.match(
    examination.all,
    /^fails +rights of kyverno .* may not get secret piggy-admission in namespace piggy-system/m,
  );
});

test('an authority that launchers hold and the provider does not is found', async (t) => {
  put(`/api/v1/namespaces/${NAMESPACE}/configmaps/piggy-ca`, { data: { 'ca.crt': kubernetes.ca } });
  t.after(() => {
    put(`/api/v1/namespaces/${NAMESPACE}/configmaps/piggy-ca`, { data: { 'ca.crt': files.ca } });
  });
  assert.equal(statusOf(await examine([]), 'certificate'), 'fails');
});

test('a right that the provider itself needs is missed loudly', async (t) => {
  kubernetes.failWith(403);
  t.after(() => {
    kubernetes.failWith(undefined);
  });
  const examination = await examine([]);
  assert.equal(examination.code, 1);
  assert.equal(statusOf(examination, 'token review'), 'fails');
  assert.equal(statusOf(examination, 'kyverno'), 'not checked');
});

test('outside a cluster it says what it cannot look at, and goes on', async () => {
  const nowhere = {
    PIGGY_KUBERNETES_TOKEN_FILE: '/none/token',
    PIGGY_KUBERNETES_CA_FILE: '/none/ca',
  };
  const examination = await examine(['--secret=shop/api'], { env: nowhere });
  assert.equal(examination.code, 1);
  assert.match(examination.all, /^fails +token review .*(?:ENOENT|kubernetes_unavailable)/m);
  assert.equal(statusOf(examination, 'secret'), 'ok');
});

test('a wrong setting is told by name, and nothing else is claimed', async () => {
  const { code, lines } = await examine([], { env: { PIGGY_LAUNCH_WINDOW: 'soon' } });
  assert.equal(code, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^fails +settings +PIGGY_LAUNCH_WINDOW /);
});

test('an argument that does not exist ends with 2 and the usage', async () => {
  const { code, all } = await examine(['--pods', 'a']);
  assert.equal(code, 2);
  assert.match(all, /'--pods'[\s\S]*usage: doctor/);
});

test('a task definition of ECS becomes a Pod, whatever the installation is like', async () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf';
  const secrets = [{ name: 'DB', valueFrom: `${arn}:password::` }];
  const task = {
    family: 'shop',
    containerDefinitions: [{ name: 'app', image: 'app:v1', secrets }],
  };
  const env = { AWS_REGION: 'nowhere' };
  const said = await examine(['--from-ecs', '-'], { input: JSON.stringify(task), env });
  assert.equal(said.code, 0, said.all);
  assert.ok(said.all.includes(`value: "piggy:${arn}:password::"`), said.all);
  const refused = await examine(['--from-ecs', '-'], { input: 'family: shop', env });
  assert.equal(refused.code, 2);
  assert.match(refused.all, /^doctor: the task definition is not JSON$/m);
  const absent = await examine(['--from-ecs', '/nowhere/task.json'], { env });
  assert.match(
    absent.all,
    /^doctor: --from-ecs: \/nowhere\/task\.json is empty or does not exist$/m,
  );
});

test('a Pod of the cluster is explained to its values', async () => {
  const injected = { env: { A: 'piggy:DB_PASSWORD', PIGGY_AWS_SECRET_NAME: 'shop/api' } };
  kubernetes.putPod(
    injectedPod({ ...injected, metadata: { annotations: { 'piggysec.com/inject': 'true' } } }).pod,
  );
  const examination = await examine(['--pod', 'shop/api-0']);
  assert.equal(examination.code, 0, examination.all);
  assert.match(examination.all, /^ok +pod shop\/api-0 +it was injected: app$/m);
  assert.match(examination.all, /^ok +app: values +the secret can be read and has DB_PASSWORD$/m);
});

test('the manifest of examples/first-secret would start', async () => {
  const input = readFileSync(join(root, 'examples/first-secret/pod.yaml'), 'utf8');
  const examination = await examine(['--pod', '-'], { input });
  assert.match(examination.all, /^ok +app: launch command +\["shop-api","serve"\]$/m);
  assert.match(examination.all, /has DB_PASSWORD, db\.port$/m);
  assert.equal(examination.code, 0);
});

test('a Pod that is not there, and a text that is no manifest, fail', async () => {
  const absent = await examine(['--pod', 'shop/none']);
  assert.match(absent.all, /^fails +pod +there is no such Pod/m);
  const nonsense = await examine(['--pod', '-'], { input: 'kind: ConfigMap\n' });
  assert.match(nonsense.all, /^fails +pod +the manifest is neither a Pod/m);
  assert.deepEqual([absent.code, nonsense.code], [1, 1]);
});
