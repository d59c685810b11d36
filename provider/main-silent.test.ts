// Connections that say nothing cost launches no time: held against the real process, with the limits it has by default.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { startProvider } from './testing/provider-process.ts';
import { openSilently } from './testing/silent-connection.ts';

const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
const files = await installProvider({ kubernetes });
const launches = createLaunches(kubernetes, { ...files, connections: 50 });
const provider = await startProvider({
  ...files.env,
  ...aws.env,
  // A busy machine is no reason to fail.
  PIGGY_SECRET_TIMEOUT: '1m',
});
const port = Number(new URL(provider.launchUrl).port);
aws.putSecret('shop/api', '{"A":"1"}');

after(async () => {
  assert.equal(await provider.stop(), 0);
  await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
  files.remove();
});

/** Of ten other addresses, so that no address has more than it may. */
const addresses = Array.from({ length: 10 }, (_, index) => `127.0.1.${index + 1}`);

const ROUNDS = 5;
const ASKED_A_ROUND = 60;

/** How long each of some launches took, a few at a time. */
async function timeLaunches(): Promise<number[]> {
  const tookMs: number[] = [];
  const askOneByOne = async () => {
    for (let asked = 0; asked < ASKED_A_ROUND / 3; asked += 1) {
      const launch = launches.prepare('shop/api');
      const sinceMs = performance.now();
      assert.equal((await launch.ask(provider.launchUrl)).code, 'ok');
      tookMs.push(performance.now() - sinceMs);
    }
  };
  await Promise.all([askOneByOne(), askOneByOne(), askOneByOne()]);
  return tookMs;
}

function quantile(tookMs: readonly number[], share: number): number {
  return tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length * share)] ?? 0;
}

test('launches among a thousand silent connections take as long as without them', async () => {
  const rounds: { readonly median: number; readonly p99: number }[] = [];
  await timeLaunches();
  for (let round = 0; round < ROUNDS; round += 1) {
    const calm = await timeLaunches();
    const silent = await Promise.all(
      addresses.flatMap((address) =>
        Array.from({ length: 100 }, () => openSilently(port, address)),
      ),
    );
    const harmed = await timeLaunches();
    for (const socket of silent) socket.destroy();
    const ratio = (share: number) => quantile(harmed, share) / quantile(calm, share);
    rounds.push({ median: ratio(0.5), p99: ratio(0.99) });
  }
  // What else the machine does slows some rounds; harm done by the connections slows every one of them.
  const least = (figures: readonly number[]) => Math.min(...figures);
  const median = least(rounds.map((round) => round.median));
  const p99 = least(rounds.map((round) => round.p99));
  assert.ok(median < 2 && p99 < 2, JSON.stringify(rounds));
});
