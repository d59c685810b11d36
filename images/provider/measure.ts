// Measures the bundle (made by bundle.ts) with a real configuration: from start to ready, and what it keeps in memory when
// nobody asks; and what its image holds beside its base. Run it on a quiet machine; the figures are the medians of several
// starts. Ends with 1 where the image has become too large.

import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readMemory } from '../../provider/testing/process-memory.ts';
import { installProvider } from '../../provider/testing/provider-installation.ts';
import { startProvider } from '../../provider/testing/provider-process.ts';
import { readProviderCommand } from './command.ts';
import { bundleFolder } from './files.ts';

const STARTS = 5;
const MAX_IMAGE_MB = 150;
const bundle = join(bundleFolder, 'provider.mjs');

if (!existsSync(bundle)) {
  console.error(
    'there is no build/provider/provider.mjs: run node images/provider/bundle.ts first',
  );
  process.exit(1);
}

const files = await installProvider();
const measured = [];
for (let start = 0; start < STARTS; start += 1) measured.push(await measure());
files.remove();
console.log(`start to ready: ${median(measured.map(({ readyMs }) => readyMs)).toFixed(0)} ms`);
console.log(`idle memory:    ${median(measured.map(({ rssMb }) => rssMb)).toFixed(0)} MB RSS`);

const nodeMb = sizeMb(process.execPath);
const applicationMb = globSync('*', { cwd: bundleFolder })
  .map((file) => sizeMb(join(bundleFolder, file)))
  .reduce((sum, size) => sum + size, 0);
console.log(
  `in the image:   Node ${nodeMb.toFixed(0)} MB, application ${applicationMb.toFixed(0)} MB`,
);
if (nodeMb + applicationMb >= MAX_IMAGE_MB) {
  console.error(`Node and application must be less than ${MAX_IMAGE_MB} MB`);
  process.exitCode = 1;
}

function sizeMb(file: string): number {
  return statSync(file).size / 1e6;
}

async function measure(): Promise<{ readyMs: number; rssMb: number }> {
  const startedMs = performance.now();
  const { args, env } = readProviderCommand(bundle);
  const provider = await startProvider({ ...env, ...files.env }, args);
  const readyMs = performance.now() - startedMs;
  const rssMb = readMemory(provider.pid).residentMb;
  await provider.stop();
  return { readyMs, rssMb };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
