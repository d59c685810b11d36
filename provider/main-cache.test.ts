// The cache of secret values in the real process: how often AWS is asked, and how old a value can be.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, suite, test, type TestContext } from 'node:test';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches, unlimitedLaunches } from './testing/launches.ts';
import { startMoto, whyNoMoto } from './testing/moto.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider, type ProviderEnvironment } from './testing/provider-process.ts';
import { until } from './testing/until.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.log(`skipped in part: ${reason}`);

const DEFAULT_TTL_MS = 5_000;
const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, files);
const env = {
  ...files.env,
  ...aws.env,
  AWS_REGION: 'eu-west-1',
  // A busy machine is no reason to fail, nor to ask AWS again.
  PIGGY_SECRET_TIMEOUT: '1m',
};
const forLong = { PIGGY_SECRET_CACHE: '5m' };
aws.putSecret('shop/api', '{"A":"1"}');

afterEach(() => {
  aws.requests.length = 0;
});
after(async () => {
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
});

async function start(context: TestContext, settings: ProviderEnvironment) {
  const provider = await startProvider({ ...env, ...settings });
  context.after(() => provider.stop());
  return provider;
}

async function readMetrics(operationsUrl: string): Promise<string> {
  return (await fetch(`${operationsUrl}/metrics`)).text();
}

async function readCacheMetric(operationsUrl: string): Promise<Record<string, number>> {
  const text = await readMetrics(operationsUrl);
  const found = text.matchAll(/^piggy_secret_cache_total\{outcome="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(
    [...found].map(([, outcome = '', count]) => [outcome, Number(count)] as const),
  );
}

test('a thousand Pods of four nodes that start on one secret are all served, for one question to AWS', async (context) => {
  const provider = await start(context, forLong);
  // Behind a node's own address, as where kube-proxy hides those of Pods.
  const nodes = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
  const ofNodes = nodes.map((localAddress) =>
    // Fewer connections than launches: this process is the nodes, AWS and the API server at once.
    createLaunches(kubernetes, { ...files, localAddress, connections: 25 }),
  );
  context.after(() => Promise.all(ofNodes.map((node) => node.close())));
  const prepared = ofNodes.flatMap((node) =>
    Array.from({ length: 250 }, () => node.prepare('shop/api')),
  );
  const answers = await Promise.all(
    prepared.map((launch) => launch.askPatiently(provider.launchUrl)),
  );
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set(['ok']));
  assert.ok(answers.every(({ values }) => values['A'] === '1'));
  assert.equal(aws.requests.length, 1);
  const { miss = 0, hit = 0, joined = 0 } = await readCacheMetric(provider.operationsUrl);
  assert.equal(miss, 1);
  assert.ok(hit + joined >= 999);
  assert.ok(!(await readMetrics(provider.operationsUrl)).includes('rate_limited'));
});

test('a launch that is given up does not fail another one that waits for the same secret', async (context) => {
  const provider = await start(context, forLong);
  const release = aws.hold();
  const impatient = createLaunches(kubernetes, files);
  const given = assert.rejects(impatient.prepare('shop/api').ask(provider.launchUrl));
  await until(() => aws.requests.length === 1);
  const patient = launches.prepare('shop/api').ask(provider.launchUrl);
  await until(async () => (await readCacheMetric(provider.operationsUrl))['joined'] === 1);
  await impatient.destroy();
  await given;
  await provider.line(({ code }) => code === 'client_closed');
  release();
  assert.equal((await patient).code, 'ok');
  assert.deepEqual(await readCacheMetric(provider.operationsUrl), { miss: 1, joined: 1 });
});

test('a secret that is missing is asked for once, however many Pods want it', async (context) => {
  const provider = await start(context, {});
  const release = aws.hold();
  const asking = Array.from({ length: 50 }, () =>
    launches.prepare('shop/none').ask(provider.launchUrl),
  );
  await until(async () => (await readCacheMetric(provider.operationsUrl))['joined'] === 49);
  release();
  const answers = await Promise.all(asking);
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set(['secret_not_found']));
  assert.equal(aws.requests.length, 1);
});

test('what one service account got out of the cache is refused to another one that the secret does not name', async (context) => {
  const provider = await start(context, forLong);
  aws.putSecret('bank/db', '{"A":"1","PIGGY_ALLOWED_SA":"shop:api"}');
  const ask = (serviceAccount: string) =>
    launches.prepare('bank/db', { serviceAccount }).ask(provider.launchUrl);
  assert.equal((await ask('api')).code, 'ok');
  const { code, values } = await ask('web');
  assert.deepEqual([code, values], ['access_denied', {}]);
  assert.equal((await ask('api')).code, 'ok');
  assert.equal(aws.requests.length, 1);
});

test('with 0 AWS is asked for each launch', async (context) => {
  const provider = await start(context, { PIGGY_SECRET_CACHE: '0s' });
  for (let launch = 0; launch < 3; launch += 1) {
    assert.equal((await launches.prepare('shop/api').ask(provider.launchUrl)).code, 'ok');
  }
  assert.equal(aws.requests.length, 3);
});

suite('with moto as AWS', { skip: reason ?? false }, () => {
  test('a start 5 s after a rotation sees the new value, and until then AWS is not asked again', async (context) => {
    const moto = await startMoto();
    context.after(() => moto.stop());
    const counting = await countRequests(moto.url);
    context.after(counting.stop);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const owner = new SecretsManagerClient({
      region: 'eu-west-1',
      endpoint: moto.url,
      credentials,
    });
    const secret = { Name: 'shop/rotated', SecretString: '{"A":"old"}' };
    await owner.send(new CreateSecretCommand(secret));
    const provider = await start(context, { AWS_ENDPOINT_URL: counting.url, ...unlimitedLaunches });
    const launch = () => launches.prepare('shop/rotated').ask(provider.launchUrl);
    assert.equal((await launch()).values['A'], 'old');

    await owner.send(
      new PutSecretValueCommand({ SecretId: 'shop/rotated', SecretString: '{"A":"new"}' }),
    );
    const rotatedMs = performance.now();
    let [startedMs, value] = [0, 'old' as string | undefined];
    while (value === 'old') {
      assert.ok(startedMs < rotatedMs + DEFAULT_TTL_MS, 'a value was kept for too long');
      const asked = counting.count();
      startedMs = performance.now();
      value = (await launch()).values['A'];
      if (value === 'old') assert.equal(counting.count(), asked);
    }
    assert.equal(value, 'new');
    assert.equal(counting.count(), 2);
  });
});

/** Before moto, which does not count. */
async function countRequests(target: string) {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    void (async () => {
      const body = await buffer(request);
      const headers = { ...request.headers } as Record<string, string>;
      delete headers['content-length'];
      delete headers['connection'];
      const method = request.method ?? 'POST';
      // moto closes every connection.
      const answer = await fetch(`${target}${request.url ?? '/'}`, { method, headers, body });
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(await answer.text());
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
