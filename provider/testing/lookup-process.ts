// Looks up, in a process of its own, an image that is as it should be and then one that is not, and prints what the second
// one ended with and by how much it made the process larger. Arguments: the origin of the registry, the two images.

import { createTestReader } from './registry-reader.ts';

export type LookupReport = { readonly code: string; readonly grownBytes: number };

const SAMPLE_EVERY_MS = 5;

const [origin = '', good = '', hostile = ''] = process.argv.slice(2);
const { host } = new URL(origin);
const reader = createTestReader([origin], {
  settings: { requestTimeoutMs: 2_000, lookupTimeoutMs: 8_000 },
});
// What is loaded and compiled at the first time is not what an image costs.
for (let time = 0; time < 20; time += 1) {
  await reader.read(`${host}/${good}`, { pullAlways: true });
}
const report = await measure(() => reader.read(`${host}/${hostile}`));
process.stdout.write(JSON.stringify(report));
await reader.close();

async function measure(work: () => Promise<unknown>): Promise<LookupReport> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let highest = before;
  const sample = () => {
    highest = Math.max(highest, process.memoryUsage.rss());
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  const code = await work().then(
    () => 'read',
    (error: unknown) => String((error as { code?: unknown }).code),
  );
  clearInterval(timer);
  sample();
  return { code, grownBytes: highest - before };
}
