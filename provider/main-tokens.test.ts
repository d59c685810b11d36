// Forged tokens cost the API server few questions, as does a Pod that asks too fast, and others of their address start all the same:
// held against the real process.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test, type TestContext } from 'node:test';
import { Agent, request } from 'undici';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider, type ProviderProcess } from './testing/provider-process.ts';

const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const AT_ONCE = 20;
const launches = createLaunches(kubernetes, { ...files, connections: AT_ONCE });
const forger = new Agent({ connect: { ca: files.ca }, connections: AT_ONCE });
const env = {
  ...files.env,
  ...aws.env,
  PIGGY_SECRET_TIMEOUT: '1m',
};
aws.putSecret('shop/api', '{"A":"1"}');

after(async () => {
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close(), forger.close()]);
  files.remove();
});

async function start(context: TestContext, more: Readonly<Record<string, string>> = {}) {
  const provider = await startProvider({ ...env, ...more });
  context.after(async () => {
    assert.equal(await provider.stop(), 0);
  });
  return provider;
}

/** As a real one in all but its signature, and each of them another. */
function forge(): string {
  const [header = '', claims = ''] = launches.prepare('shop/api').token.split('.');
  return `${header}.${claims}.${randomBytes(64).toString('base64url')}`;
}

async function send(provider: ProviderProcess, token: string): Promise<string> {
  const answer = await request(`${provider.launchUrl}/v1/secret`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ uid: 'a'.repeat(32), signature: 'x', references: ['A'] }),
    dispatcher: forger,
  });
  return ((await answer.body.json()) as { code: string }).code;
}

const countReviews = () =>
  kubernetes.requests.filter((line) => line.includes('/tokenreviews')).length;

test('hundreds of forged tokens are few questions to the API server, and a Pod of their address starts', async (context) => {
  const provider = await start(context);
  const before = countReviews();
  const sinceMs = performance.now();
  const forged = Array.from({ length: 400 }, () => send(provider, forge()));
  const codes = await Promise.all(forged);
  const tookSeconds = (performance.now() - sinceMs) / 1_000;
  assert.deepEqual([...new Set(codes)].sort(), ['invalid_token', 'rate_limited']);
  const asked = countReviews() - before;
  assert.ok(asked <= 40 + 20 * tookSeconds + 1, `${asked} in ${tookSeconds} s`);
  const ours = Array.from({ length: 50 }, () =>
    launches.prepare('shop/api').ask(provider.launchUrl),
  );
  const others = Array.from({ length: 50 }, () => send(provider, forge()));
  const answered = await Promise.all(ours);
  assert.deepEqual(new Set(answered.map(({ code }) => code)), new Set(['ok']));
  await Promise.all(others);
});

test('a token under a key that is new starts its Pod as well', async (context) => {
  const provider = await start(context, { PIGGY_REFUSED_TOKENS_PER_SECOND_PER_ADDRESS: '1' });
  while ((await send(provider, forge())) !== 'rate_limited');
  kubernetes.rotateKeys();
  const launch = launches.prepare('shop/api');
  const asked: string[] = [];
  // As a launcher, which tries again; the forger goes on.
  do {
    await send(provider, forge());
    asked.push((await launch.ask(provider.launchUrl)).code);
  } while (asked.at(-1) === 'rate_limited');
  assert.equal(asked.at(-1), 'ok');
});

test('a signature makes nobody known: a token of the cluster that the API server refuses is refused', async (context) => {
  const provider = await start(context, { PIGGY_REFUSED_TOKENS_PER_SECOND_PER_ADDRESS: '1' });
  const { pod, token } = launches.prepare('shop/api');
  kubernetes.revokeToken(pod.metadata.uid);
  while ((await send(provider, forge())) !== 'rate_limited');
  assert.equal(await send(provider, token), 'invalid_token');
});

test('where the keys may not be read, every token is asked about, and the log says so', async (context) => {
  kubernetes.forbid(/jwks/);
  context.after(() => {
    kubernetes.forbid(undefined);
  });
  const provider = await start(context);
  const codes = await Promise.all(Array.from({ length: 100 }, () => send(provider, forge())));
  assert.deepEqual(new Set(codes), new Set(['invalid_token']));
  const { level, error } = await provider.line(({ msg }) =>
    String(msg).startsWith('the keys that'),
  );
  assert.equal(level, 'warn');
  assert.match(JSON.stringify(error), /openid\/v1\/jwks.*check the ClusterRole/);
  assert.equal((await launches.prepare('shop/api').ask(provider.launchUrl)).code, 'ok');
});

test('a Pod that is refused and asks as fast as it can makes few questions to the API server, and another one starts', async (context) => {
  const provider = await start(context, { PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS: '100000' });
  const loud = launches.prepare('shop/api', { name: 'loud', body: { signature: 'x' } });
  const countReads = () => kubernetes.requests.filter((line) => line.endsWith('/pods/loud')).length;
  const reviewsBefore = countReviews();
  const sinceMs = performance.now();
  const codes: string[] = [];
  const askOften = async () => {
    for (let asked = 0; asked < 100; asked += 1)
      codes.push((await loud.ask(provider.launchUrl)).code);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askOften));
  const seconds = (performance.now() - sinceMs) / 1_000;
  // Those under way when it has asked too often are not known yet.
  const most = 400 + 20 * seconds + 1 + AT_ONCE;
  assert.ok(countReads() <= most, `${countReads()} reads of the Pod in ${seconds} s`);
  const reviews = countReviews() - reviewsBefore;
  assert.ok(reviews <= most, `${reviews} reviews in ${seconds} s`);
  assert.deepEqual([...new Set(codes)].sort(), ['rate_limited', 'signature_mismatch']);
  const others = Array.from({ length: AT_ONCE }, () => loud.ask(provider.launchUrl));
  assert.equal((await launches.prepare('shop/api').ask(provider.launchUrl)).code, 'ok');
  await Promise.all(others);
});
