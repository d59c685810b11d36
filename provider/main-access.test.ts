// Checks 7 and 8 in the real process: which secrets access rules open, what becomes of them when their file changes, breaks,
// goes and comes back, and who launches too often.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startAws } from './testing/aws.ts';
import { freePort } from './testing/free-port.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { spawnProvider, startProvider } from './testing/provider-process.ts';

const ROLE = 'arn:aws:iam::123456789012:role/shop';
const folder = mkdtempSync(join(tmpdir(), 'piggy-access-'));
const rulesFile = join(folder, 'access.yaml');
const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, files);

for (const name of ['shared/a', 'shared/b', 'roles/a', 'shop/own', 'rds!db'])
  aws.putSecret(name, '{"A":"1"}');
aws.putRole({ arn: ROLE, externalId: 'piggy' });

/** At once, as Kubernetes does: a half written file is never seen. */
function writeRules(text: string): void {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), rulesFile);
}

/** Rules that open these secrets to everyone in namespace shop; their number shows in the log. */
function rulesFor(...secrets: readonly string[]): string {
  const rules = secrets.map((secret, index) => ({
    name: `rule-${index}`,
    namespaces: ['shop'],
    secrets: [secret],
    ...(secret.startsWith('roles/') ? { roleArn: ROLE, externalId: 'piggy' } : {}),
  }));
  return JSON.stringify({ rules });
}

writeRules(rulesFor('shared/a'));
const env = {
  ...files.env,
  PIGGY_ACCESS_RULES_FILE: rulesFile,
  // How often AWS is asked is counted.
  PIGGY_SECRET_CACHE: '0s',
  ...aws.env,
};
const provider = await startProvider(env);

after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
  rmSync(folder, { recursive: true });
});

/** The code of the answer to a Pod of namespace shop that starts now; "ok" for its values. */
async function launch(secretId: string): Promise<string> {
  return (await launches.prepare(secretId).ask(provider.launchUrl)).code;
}

const loaded = (count: number) =>
  provider.line((line) => line['msg'] === 'access rules loaded' && line['count'] === count);

async function readMetric(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  return new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1];
}

async function readWarnings(): Promise<unknown> {
  const answer = await fetch(`${provider.operationsUrl}/readyz`);
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { readonly warnings?: unknown }).warnings;
}

// One file has one history, so the tests build on one another.

test('a rule opens a secret, and what it does not name stays closed', async () => {
  assert.equal(await launch('shared/a'), 'ok');
  assert.equal(await readMetric('piggy_access_rules_valid'), '1');
  assert.equal(await launch('roles/a'), 'access_denied');
});

test('a rule that is added is in use without a restart, with its role', async () => {
  writeRules(rulesFor('shared/a', 'roles/*'));
  await loaded(2);
  const before = aws.requests.length;
  assert.equal(await launch('roles/a'), 'ok');
  assert.deepEqual(
    aws.requests.slice(before).map(({ target, session }) => [target, session]),
    [
      ['sts.AssumeRole', undefined],
      ['secretsmanager.GetSecretValue', 'piggy.shop.api'],
    ],
  );
  const { rule, roleArn } = await provider.line(
    ({ secretId, code }) => secretId === 'roles/a' && code === 'ok',
  );
  assert.deepEqual([rule, roleArn], ['rule-1', ROLE]);
});

test('a broken file leaves the last good rules in use, and says so', async () => {
  writeRules(`${rulesFor('shared/b')} hunter2: [`);
  const { level, mistake } = await provider.line(({ msg }) =>
    String(msg).startsWith('the access rules are broken'),
  );
  assert.equal(level, 'error');
  assert.match(String(mistake), /^the file is not YAML/);
  assert.equal(await readMetric('piggy_access_rules_valid'), '0');
  assert.match(String(await readWarnings()), /^access rules: the file is not YAML/);
  assert.equal(await launch('shared/a'), 'ok');
  assert.equal(await launch('roles/a'), 'ok');
  assert.equal(await launch('shared/b'), 'access_denied');
});

test('a file with a field that nobody knows beside the rules is broken too, and named', async () => {
  writeRules(rulesFor('shared/b').replace('{', '{"defaults":[],'));
  const { mistake } = await provider.line(({ mistake }) => String(mistake).includes('defaults'));
  assert.match(String(mistake), /^the file has a field "defaults" beside "rules"/);
  assert.equal(await launch('shared/a'), 'ok');
  assert.equal(await launch('shared/b'), 'access_denied');
});

test('a rule that is wrong takes only itself away: the others of the new file count, and it is named', async () => {
  writeRules(rulesFor('shared/a b', 'shared/b', 'rds!*').replace('"rule-2"', '"rule 2"'));
  await loaded(1);
  const { level, mistake, msg } = await provider.line(({ mistake }) =>
    String(mistake).startsWith('rule "rule-0"'),
  );
  assert.equal(level, 'error');
  assert.equal(msg, 'access rules are left out; the other rules are in use');
  assert.match(String(mistake), /^rule "rule-0": entry 1 of secrets must be .*; rule 3: name must/);
  assert.equal(await readMetric('piggy_access_rules_valid'), '0');
  assert.match(
    String(await readWarnings()),
    /^access rules: rule "rule-0": .*; the other rules are in use$/,
  );
  assert.equal(await launch('shared/b'), 'ok');
  assert.equal(await launch('shared/a'), 'access_denied');
  assert.equal(await launch('roles/a'), 'access_denied');
  assert.equal(await launch('rds!db'), 'access_denied');
});

test('a rule can be for the secrets that RDS owns', async () => {
  writeRules(rulesFor('shared/a', 'rds!*'));
  await loaded(2);
  assert.equal(await launch('rds!db'), 'ok');
});

test('a file that is whole again is in use, and nothing is warned of any more', async () => {
  writeRules(rulesFor('shared/a', 'shared/b', 'shared/c'));
  await loaded(3);
  assert.equal(await readMetric('piggy_access_rules_valid'), '1');
  assert.equal(await readWarnings(), undefined);
  assert.equal(await launch('shared/b'), 'ok');
  assert.equal(await launch('roles/a'), 'access_denied');
});

test('without a file there are no rules, and the default decides', async () => {
  rmSync(rulesFile);
  await loaded(0);
  assert.equal(await launch('shared/a'), 'access_denied');
  assert.equal(await launch('shop/own'), 'ok');
  assert.equal(await readWarnings(), undefined);
});

test('a file that comes back is in use', async () => {
  writeRules(rulesFor('shared/a', 'shared/b', 'shared/c', 'shared/d'));
  await loaded(4);
  assert.equal(await launch('shared/a'), 'ok');
});

test('nothing of the file is quoted in the log', () => {
  assert.ok(!provider.output().includes('hunter2'));
});

test('at the start one rule that is wrong keeps the provider from being ready, and is named', async () => {
  writeRules(rulesFor('shared/a', 'shared/a b'));
  const port = await freePort();
  const starting = spawnProvider({ ...env, PIGGY_LAUNCH_PORT: String(port) });
  const { level, mistake } = await starting.line((line) => 'mistake' in line);
  assert.equal(level, 'error');
  assert.match(String(mistake), /^rule "rule-1": entry 1 of secrets must be /);
  await starting.line(({ msg }) => msg === 'certificate loaded');
  assert.doesNotMatch(starting.output(), /"access rules loaded"|"ready"/);
  // Neither the rule that is right nor the default opens anything.
  for (const secret of ['shared/a', 'shop/own']) {
    const { code } = await launches.prepare(secret).ask(`https://127.0.0.1:${port}`);
    assert.equal(code, 'access_denied');
  }
  writeRules(rulesFor('shared/a'));
  await starting.line(({ msg }) => msg === 'ready');
  assert.equal(await starting.stop(), 0);
});

const limits: Record<string, [env: Record<string, string>, pods: number, each: number]> = {
  'one Pod': [{ PIGGY_LAUNCHES_PER_MINUTE_PER_POD: '1' }, 1, 3],
  // So many that a slow machine does not gain as many launches meanwhile.
  'all Pods': [{ PIGGY_LAUNCHES_PER_SECOND: '1' }, 30, 1],
};

for (const [name, [settings, pods, each]] of Object.entries(limits)) {
  test(`launches beyond the limit of ${name} are told when to try again, and AWS is not asked`, async (t) => {
    const strict = await startProvider({ ...env, ...settings });
    t.after(() => strict.stop());
    const asks = Array.from({ length: pods }, () => {
      const { ask } = launches.prepare('shop/own');
      return () => ask(strict.launchUrl);
    });
    const before = aws.requests.length;
    const answers = await Promise.all(asks.flatMap((ask) => Array.from({ length: each }, ask)));
    const limited = answers.filter(({ code }) => code === 'rate_limited');
    const served = answers.filter(({ code }) => code === 'ok');
    assert.ok(
      limited.length > 0 && limited.every(({ headers }) => Number(headers['retry-after']) >= 1),
    );
    assert.ok(served.length > 0);
    assert.equal(aws.requests.length - before, served.length);
    assert.equal(limited.length + served.length, answers.length);
  });
}

test('a Pod at its limit does not hold up another', async (t) => {
  const strict = await startProvider({ ...env, PIGGY_LAUNCHES_PER_MINUTE_PER_POD: '1' });
  t.after(() => strict.stop());
  const [one, other] = [launches.prepare('shop/own'), launches.prepare('shop/own')];
  const codes = [];
  for (const pod of [one, one, other]) codes.push(await pod.ask(strict.launchUrl));
  assert.deepEqual(
    codes.map(({ code }) => code),
    ['ok', 'rate_limited', 'ok'],
  );
});
