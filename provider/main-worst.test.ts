// The worst questions that authors can write, against the real process with its default limits for lookups: each image is
// answered, launches of another namespace are served beside them, and memory and calls stay within their bounds. How long
// launches take beside them is measured by npm run bench -- worst.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Agent, request } from 'undici';
import { parse } from 'yaml';
import { readProviderCommand } from '../images/provider/command.ts';
import { computeMac } from './admission/sealed-message.ts';
import { PER_QUESTION } from './images/lookup-budget.ts';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { sealQuestion } from './testing/kyverno.ts';
import { createLaunches, unlimitedLaunches } from './testing/launches.ts';
import { readMemory } from './testing/process-memory.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { startRegistry } from './testing/registry.ts';
import {
  createWorstQuestion,
  failingKinds,
  readableKinds,
  worstKinds,
  type WorstKind,
} from './testing/worst-questions.ts';

const [kubernetes, aws, registry] = await Promise.all([
  startKubernetesApi(),
  startAws(),
  startRegistry(),
]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, { ...files, connections: 5 });
// With Node's flags and environment of the image: they decide how much memory it takes.
const image = readProviderCommand(join(import.meta.dirname, 'main.ts'));
const settings = {
  ...image.env,
  ...files.env,
  ...aws.env,
  ...unlimitedLaunches,
  PIGGY_REGISTRY_PLAIN_HTTP: registry.host,
  PIGGY_REGISTRY_LOOPBACK_HOSTS: registry.host,
  PIGGY_PULL_SECRET_NAMESPACES: '*',
  // A busy machine is no reason to fail.
  PIGGY_SECRET_TIMEOUT: '1m',
};
const provider = await startProvider(settings, image.args);
aws.putSecret('shop/api', '{"A":"1"}');
const agent = new Agent({ headersTimeout: 120_000 });

after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([launches.close(), agent.close()]);
  await Promise.all([kubernetes.stop(), aws.stop(), registry.close()]);
  files.remove();
});

type Sealed = { readonly payload: string; readonly mac: string };
type Answer = { readonly images: object; readonly errors: object };

/** Of all images, each with its command or its error. */
async function ask(kind: WorstKind, namespace: string): Promise<Answer> {
  const question = createWorstQuestion({ registry, kubernetes }, kind, namespace);
  const answer = await request(`${provider.lookupUrl}/kyverno/v1/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: sealQuestion(question, files.admissionKey),
    dispatcher: agent,
  });
  assert.equal(answer.statusCode, 200);
  const { payload, mac } = (await answer.body.json()) as Sealed;
  assert.equal(mac, computeMac(files.admissionKey, 'answer', payload));
  const read = JSON.parse(payload) as Answer;
  const answered = [...Object.keys(read.images), ...Object.keys(read.errors)];
  assert.deepEqual(answered.sort(), [...(question as { images: string[] }).images].sort());
  return read;
}

/** But for what is more than one question may cost. */
function assertRead({ images, errors }: Answer): void {
  for (const error of Object.values(errors)) assert.match(String(error), BEYOND_BUDGET);
  assert.notDeepEqual(images, {}, 'none is read');
}
const BEYOND_BUDGET = /: the images of this Pod (?:need|have) more than /;

/** That were made so far. */
function countCalls(): { readonly requests: number; readonly secrets: number } {
  const secrets = kubernetes.requests.filter((line) => line.includes('/secrets/')).length;
  return { requests: registry.requests.length, secrets };
}

/** One after the other, until the end of what they are beside. */
async function launchUntil(end: Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  const ended = end.finally(() => (state.isOver = true));
  while (!state.isOver) {
    assert.equal((await launches.prepare('shop/api').ask(provider.launchUrl)).code, 'ok');
  }
  await ended;
}

/** Of the chart, in MB as the kernel counts. */
function readMemoryLimit(): number {
  const values = parse(
    readFileSync(join(import.meta.dirname, '../charts/piggy/values.yaml'), 'utf8'),
  ) as { readonly resources: { readonly limits: { readonly memory: string } } };
  return Number(/^(\d+)Mi$/.exec(values.resources.limits.memory)?.[1]);
}

function assertWithinMemoryLimit(): void {
  const { peakResidentMb } = readMemory(provider.pid);
  assert.ok(peakResidentMb < readMemoryLimit(), `${peakResidentMb} MB`);
}

for (const kind of worstKinds) {
  test(`${kind}: every image is answered, and launches beside it are served`, async () => {
    const before = countCalls();
    const asking = ask(kind, 'tenant');
    await launchUntil(asking);
    if (readableKinds.includes(kind)) assertRead(await asking);
    const { requests, secrets } = countCalls();
    assert.ok(requests - before.requests <= PER_QUESTION.requests, `${requests} requests`);
    assert.ok(secrets - before.secrets <= PER_QUESTION.pullSecrets, `${secrets} Secrets`);
  });
}

/** Of some of the images; of the others that they are too much together. */
const TOLD_APART =
  /is not JSON|its config is "Ωx+…"|has a descriptor without|its entrypoint is not a list/;

for (const kind of failingKinds) {
  test(`${kind}, ten times over: the same, within the memory of the chart`, async () => {
    for (let time = 0; time < 10; time += 1) {
      const { images, errors } = await ask(kind, 'tenant');
      assert.deepEqual(images, {});
      assert.match(Object.values(errors).join('\n'), TOLD_APART);
    }
    assertWithinMemoryLimit();
  });
}

test('all of these at once: the same, within the memory of the chart', async () => {
  await launchUntil(Promise.all(worstKinds.map((kind, index) => ask(kind, `tenant-${index}`))));
  assertWithinMemoryLimit();
});

test('the thread of the lookups never failed on the way', async () => {
  const metrics = await (await fetch(`${provider.operationsUrl}/metrics`)).text();
  assert.match(metrics, /^piggy_lookup_thread_failures_total 0$/m);
});
