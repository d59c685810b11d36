// Two real processes under load while certificates, the sealing key and the authority change: nobody is refused, neither on
// connections that are kept open nor on new ones.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { after, test } from 'node:test';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import {
  annotate,
  askAsKyverno,
  askAsLauncher,
  installManaged,
  paths,
  readEntry,
  readSealingKey,
  waitFor,
} from './testing/managed-keys.ts';
import { startProvider } from './testing/provider-process.ts';

const kubernetes = await startKubernetesApi();
const installation = await installManaged(kubernetes);
const env = {
  ...installation.env,
  PIGGY_KEY_POLL: '500ms',
  PIGGY_CERTIFICATE_LIFETIME: '20s',
  PIGGY_SEALING_KEY_ROTATION: '1s',
  PIGGY_SEALING_KEY_OVERLAP: '3s',
};
const replicas = await Promise.all([startProvider(env), startProvider(env)]);
after(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  await kubernetes.stop();
  installation.remove();
});

const readBundle = () => readEntry(kubernetes, 'bundle', 'ca.crt');
const countAuthorities = (bundle = readBundle()) => bundle.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

type Load = { readonly ask: () => Promise<void>; readonly isEnough: () => boolean };

/** Asks until it is enough, with a little room for others on the machine. */
async function keepAsking({ ask, isEnough }: Load): Promise<void> {
  while (!isEnough()) {
    await ask();
    await delay(10);
  }
}

test('certificates are renewed without a failed request, on a kept connection and on new ones', async () => {
  const ca = readBundle();
  await Promise.all(
    replicas.map(async ({ launchUrl }) => {
      const serials = new Set<string>();
      const kept = new Agent({ ca, keepAlive: true, maxSockets: 1 });
      const { socket } = await askAsLauncher(launchUrl, kept);
      await keepAsking({
        isEnough: () => serials.size === 2,
        ask: async () => {
          const onKept = await askAsLauncher(launchUrl, kept);
          const onNew = await askAsLauncher(launchUrl, new Agent({ ca }));
          assert.deepEqual([onKept.status, onNew.status], [401, 401]);
          assert.equal(onKept.socket, socket);
          serials.add(onNew.serial);
        },
      });
      kept.destroy();
    }),
  );
});

test('the sealing key is replaced without a refused question, at whichever replica', async () => {
  const seen = new Set<string>();
  await keepAsking({
    isEnough: () => seen.size === 3,
    ask: async () => {
      // As Kyverno does, who reads it for each question.
      const key = readSealingKey(kubernetes);
      seen.add(key);
      const statuses = await Promise.all(
        replicas.map(({ lookupUrl }) => askAsKyverno(lookupUrl, key)),
      );
      assert.deepEqual(statuses, [200, 200]);
    },
  });
  for (const { output } of replicas) {
    for (const key of seen) assert.ok(!output().includes(key));
  }
});

test('a retired sealing key opens nothing', async () => {
  const former = readSealingKey(kubernetes);
  const isRetired = () =>
    !['key', 'next', 'previous'].some((entry) => readSealingKey(kubernetes, entry) === former);
  const statuses = new Set<number>();
  await keepAsking({
    isEnough: () => isRetired() && statuses.has(401),
    ask: async () => {
      const wasRetired = isRetired();
      const status = await askAsKyverno(replicas[0].lookupUrl, former);
      assert.ok(wasRetired || status === 200);
      statuses.add(status);
    },
  });
});

test('the authority is replaced in three steps, and whoever holds both is answered all along', async () => {
  const old = readBundle();
  annotate(kubernetes, 'authority', { 'piggysec.com/ca-replacement': 'prepare' });
  await keepAsking({
    isEnough: () => countAuthorities() === 2,
    // Who holds the old one only, because it was admitted before, is answered: nothing is signed by the new one yet.
    ask: () => expectAnswers(old),
  });
  const both = readBundle();
  annotate(kubernetes, 'authority', { 'piggysec.com/ca-replacement': 'issue' });
  const isIssued = () => {
    const serving = new X509Certificate(readEntry(kubernetes, 'serving', 'tls.crt'));
    const current = new X509Certificate(readEntry(kubernetes, 'authority', 'tls.crt'));
    return !old.includes(current.toString()) && serving.verify(current.publicKey);
  };
  await keepAsking({ isEnough: isIssued, ask: () => expectAnswers(both) });
  const issuing = readEntry(kubernetes, 'authority', 'tls.crt');
  // Before the last step the operator waits until every replica has the new certificate.
  await waitFor(
    () => expectAnswers(issuing).then(() => true),
    () => true,
  );
  assert.equal(readEntry(kubernetes, 'authority', 'next.key'), '');
  // Even a bundle that gets lost now comes back with both.
  kubernetes.deleteObject(paths.bundle);
  await keepAsking({ isEnough: () => countAuthorities() === 2, ask: () => expectAnswers(both) });
  annotate(kubernetes, 'authority', { 'piggysec.com/ca-replacement': 'finish' });
  await keepAsking({
    isEnough: () => countAuthorities() === 1 && !isReplacing(),
    ask: () => expectAnswers(both),
  });
  const fresh = readBundle();
  assert.ok(!fresh.includes(old) && both.includes(fresh));
  assert.equal(readEntry(kubernetes, 'authority', 'former.crt'), '');
  await expectAnswers(fresh);
});

function isReplacing(): boolean {
  const { metadata } = kubernetes.readObject(paths.authority) ?? {};
  return metadata?.annotations?.['piggysec.com/ca-replacement'] !== undefined;
}

async function expectAnswers(ca: string): Promise<void> {
  const answers = await Promise.all(
    replicas.map(({ launchUrl }) => askAsLauncher(launchUrl, new Agent({ ca }))),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401],
  );
}
