// Answers that authors make as large as they can, and clients that do not read them, against the real process with the limits that
// it has by default: they take a bounded part of the memory and leave other launches unharmed.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { after, test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { readProviderCommand } from '../images/provider/command.ts';
import { signArgv } from './launches/signature.ts';
import { startAws } from './testing/aws.ts';
import { injectedPod } from './testing/injected-pod.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { sumOfMetric } from './testing/metric-sum.ts';
import { openedOrClosed } from './testing/open-connection.ts';
import { readMemory } from './testing/process-memory.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { until } from './testing/until.ts';

const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, { ...files, connections: 5 });
// With Node's flags and environment of the image: they decide how much memory it takes.
const image = readProviderCommand(join(import.meta.dirname, 'main.ts'));
const settings = { ...image.env, ...files.env, ...aws.env, PIGGY_SECRET_TIMEOUT: '1m' };
const provider = await startProvider(settings, image.args);

after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([launches.close(), kubernetes.stop(), aws.stop()]);
  files.remove();
});

/** Objects inside each other, and a reference to each: the text of a secret of 64 KiB, as often as a request can ask. */
const DEPTH = 250;
const nestedReferences = Array.from({ length: DEPTH }, (_, index) => 'a' + '.a'.repeat(index));
const nestedSecret = `${'{"a":'.repeat(DEPTH)}"${'x'.repeat(63_000)}"${'}'.repeat(DEPTH)}`;
/**
 * Characters that JSON writes as six make the largest answer, 6 MB out of 1 MiB of values. On loopback the kernel takes half of it
 * for a client that reads nothing.
 */
const references = Array.from({ length: 125 }, (_, index) => `K${index}`);
for (const key of references) {
  aws.putParameter({ name: `/shop/${key}`, type: 'SecureString', value: '\u0001'.repeat(8_192) });
}
aws.putSecret('shop/api', '{"A":"1"}');
aws.putSecret('shop/nested', nestedSecret);

/** The author's variables that hold `keys`. */
function envOf(keys: readonly string[]) {
  return Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
}

test('references into each other are refused where their values are too long together', async () => {
  const env = envOf(nestedReferences);
  const launch = launches.prepare('shop/nested', { env, body: { references: nestedReferences } });
  const { status, code, message } = await launch.ask(provider.launchUrl);
  assert.deepEqual([status, code], [422, 'values_too_large']);
  assert.match(
    message,
    /17 of 250 references have 10\d{5} bytes together.* 1048576 at most: refer/,
  );
});

/** The request of a launcher whose answer is one of the largest, as text. */
function prepareRequest(): string {
  const { uid, pod } = injectedPod({
    name: `slow-${(prepared += 1)}`,
    env: { PIGGY_AWS_SSM_PARAMETER_PATH: '/shop', ...envOf(references) },
  });
  kubernetes.putPod(pod);
  const { name, uid: podUid } = pod.metadata;
  const bound = { name, uid: podUid };
  const token = kubernetes.mintToken({ namespace: 'shop', serviceAccount: 'api', pod: bound });
  const body = JSON.stringify({ uid, signature: signArgv(['/app', 'serve']), references });
  return (
    'POST /v1/secret HTTP/1.1\r\nHost: piggy\r\nContent-Type: application/json\r\n' +
    `Authorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}
let prepared = 0;

/** Asks, and does not read. */
async function openSlowReader(context: TestContext, localAddress: string): Promise<void> {
  const port = Number(new URL(provider.launchUrl).port);
  const raw = connect({ port, host: '127.0.0.1', localAddress });
  // Over a stream of its own, so that what comes stays in the kernel once nobody reads it.
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => void raw.write(chunk, done),
  });
  raw.on('data', (chunk) => void wire.push(chunk));
  const socket = connectTls({ socket: wire, host: '127.0.0.1', ca: files.ca });
  for (const each of [raw, socket]) each.on('error', () => undefined);
  context.after(() => {
    raw.destroy();
  });
  await openedOrClosed(socket, 'secureConnect');
  raw.pause();
  socket.write(prepareRequest());
}

async function count(metric: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const text = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  return sumOfMetric(text, metric, labels);
}

const countAnswered = () => count('piggy_requests_total', { route: '/v1/secret' });
const countGivenWay = () =>
  count('piggy_clients_cut_off_total', { listener: 'launches', reason: 'answer_gave_way' });

const SLOW = 60;
/** Of an answer that is held some times, and of those that are made in vain. */
const MAX_MORE_MB = 200;

test('clients that do not read take a bounded part of the memory, and stop no launch', async (context) => {
  const ask = () => launches.prepare('shop/api').ask(provider.launchUrl);
  assert.equal((await ask()).code, 'ok');
  const before = {
    answered: await countAnswered(),
    peakMb: readMemory(provider.pid).peakResidentMb,
  };
  const addresses = Array.from({ length: SLOW }, (_, index) => `127.0.7.${(index % 20) + 1}`);
  await Promise.all(addresses.map((address) => openSlowReader(context, address)));
  await until(async () => (await countAnswered()) >= before.answered + SLOW);
  for (let asked = 0; asked < 20; asked += 1) assert.equal((await ask()).code, 'ok');
  const moreMb = readMemory(provider.pid).peakResidentMb - before.peakMb;
  assert.ok(moreMb < MAX_MORE_MB, `${moreMb} MB`);
  assert.ok((await countGivenWay()) > 0);
});
