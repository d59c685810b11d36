// `npm test [-- suite…]`: runs the suites one after the other, each with its own runner and its own summary.

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { kyvernoCli } from './go-tools.ts';
import { goTest } from './go-test.ts';
import { kubernetesProgram, newestKubernetes } from './kubernetes.ts';
import { show } from './run.ts';

const root = join(import.meta.dirname, '..');

// Secret values of all tests look like this one, so that none of them can slip into any output unseen.
const canary = /canary-[0-9a-f]{4}/;
const output = { tail: '', ofSuite: [] as string[], hasCanary: false };

const cores = availableParallelism();
// These measure how fast or how large a provider is under load: its process needs a core that no other test uses.
const underLoad = 'provider/main-{answers,operations,silent,worst}.test.ts';
const withCoreToSpare = Math.max(1, cores - 1);

const suites: Record<string, () => Promise<number>> = {
  provider: async () => {
    const ofMost = await nodeTests('provider/**/*.test.ts', { except: [underLoad] });
    const ofThese = await nodeTests(underLoad, { filesAtOnce: withCoreToSpare });
    return ofMost || ofThese;
  },
  bench: () => nodeTests('bench/**/*.test.ts'),
  docs: () => nodeTests('docs/**/*.test.ts'),
  images: () => nodeTests('images/**/*.test.ts'),
  // Not e2e/scenarios, which need a cluster.
  tools: () => nodeTests('{tools,e2e}/*.test.ts'),
  policies: async () => {
    await kyvernoCli(console.log);
    await kubernetesProgram(newestKubernetes(), console.log);
    return nodeTests('policies/**/*.test.ts');
  },
  launcher: () => goTest(join(root, 'envlauncher'), watch),
};

type Choice = { readonly except?: readonly string[]; readonly filesAtOnce?: number };

function nodeTests(
  pattern: string,
  { except = [], filesAtOnce = cores }: Choice = {},
): Promise<number> {
  const files = globSync(pattern, { cwd: root, exclude: except }).sort();
  // Without a file, node would look for some itself.
  if (files.length === 0) throw new Error(`no tests: ${pattern}`);
  const args = ['--test', `--test-concurrency=${filesAtOnce}`, ...files];
  return show(process.execPath, args, { cwd: root, watch });
}

function watch(text: string): void {
  output.hasCanary ||= canary.test(output.tail + text);
  output.tail = text.slice(-16);
  output.ofSuite.push(text);
}

/** What a suite said of its failed tests; it stands far above where other suites ran after it. */
function failures(text: string): string {
  const list = text.indexOf('✖ failing tests:');
  if (list !== -1) return text.slice(list);
  return text.match(/^ *--- FAIL.*$/gm)?.join('\n') ?? '';
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in suites));
if (unknown.length > 0) {
  throw new Error(
    `no such suite: ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`,
  );
}
const failed: string[] = [];
for (const [name, run] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name}`);
  output.ofSuite = [];
  if ((await run()) !== 0) failed.push(`${name}\n${failures(output.ofSuite.join(''))}`);
}
if (output.hasCanary) failed.push('the search of all output for secret values: there is one in it');
console.log(
  failed.length === 0 ? '\nAll suites passed.' : `\nFailed: ${failed.join('\nFailed: ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
