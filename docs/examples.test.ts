// Holds the documents to what is tested: their YAML is taken from tested files, their links and paths lead somewhere, and
// the commands that call the doctor are ones that it takes.

import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { expectedOfExamples } from '../e2e/examples.ts';
import { commandsUnder } from '../e2e/page-commands.ts';
import { parseDoctorArguments } from '../provider/doctor/arguments.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const patterns = ['*.md', 'docs/**/*.md', 'charts/*/README.md', 'examples/*.md'];
const pages = globSync(patterns, { cwd: root }).sort();

/** Each of these is run or checked by a test: of policies, of examples, of the chart, or samples.test.ts. */
const testedFiles = globSync(
  ['examples/**/*.yaml', 'policies/**/*.yaml', 'docs/samples/*.yaml', 'charts/**/values*.yaml'],
  { cwd: root },
).map((path) => read(path).split('\n'));

function blocksOf(page: string, language: string): string[] {
  const blocks = read(page).matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms);
  return [...blocks].filter(([, , is]) => is === language).map(([, , , block = '']) => block);
}

/** Whether the lines stand one after the other in the file, all of them as much further to the right or left. The formatter
 * of these pages puts spaces into braces. */
function isPartOf(block: string, lines: readonly string[]): boolean {
  const wanted = dedent(block.trimEnd().split('\n'));
  return lines.some((_, start) => {
    const part = dedent(lines.slice(start, start + wanted.length));
    return wanted.every((line, i) => line === part[i]);
  });
}

function dedent(lines: readonly string[]): string[] {
  const depths = lines
    .filter((line) => line.trim() !== '')
    .map((line) => /^ */.exec(line)?.[0].length);
  const least = Math.min(...depths.map((depth) => depth ?? 0));
  return lines.map((line) => line.slice(least).replaceAll('{ ', '{').replaceAll(' }', '}'));
}

for (const page of pages) {
  test(`the YAML in ${page} is taken from tested files`, () => {
    for (const block of blocksOf(page, 'yaml')) {
      assert.ok(
        testedFiles.some((lines) => isPartOf(block, lines)),
        `in no tested file:\n${block}`,
      );
    }
  });

  test(`every link in ${page} leads to a file, and to a heading of it`, () => {
    for (const [, link = ''] of read(page).matchAll(/\]\((?!https?:|mailto:)([^)]+)\)/g)) {
      const [path = '', heading] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      assert.ok(existsSync(join(root, target)), link);
      if (heading !== undefined) assert.ok(headingsOf(target).includes(heading), link);
    }
  });

  test(`the files that commands in ${page} name are there`, () => {
    for (const block of blocksOf(page, 'sh')) {
      for (const [path] of block.matchAll(
        /(?<![\w./-])(?:charts|docs|examples|policies)\/[\w./-]*/g,
      )) {
        assert.ok(existsSync(join(root, path)), path);
      }
    }
  });

  test(`the doctor takes what ${page} asks it`, () => {
    for (const [, args = ''] of read(page).matchAll(/provider\.mjs doctor([^\n`<]*)/g)) {
      assert.doesNotThrow(
        () => parseDoctorArguments(args.trim().split(/ +/).filter(Boolean)),
        args,
      );
    }
  });
}

/** As GitHub makes anchors of them. */
function headingsOf(path: string): string[] {
  if (!path.endsWith('.md')) return [];
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\d _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('the example in README.md is all of examples/first-secret/pod.yaml', () => {
  assert.equal(blocksOf('README.md', 'yaml')[0], read('examples/first-secret/pod.yaml'));
});

test('every folder of examples/ is tried in a cluster, and stands in its README', () => {
  const entries = readdirSync(join(root, 'examples'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.deepEqual(Object.keys(expectedOfExamples).sort(), folders.sort());
  for (const folder of folders)
    assert.ok(read('examples/README.md').includes(`[${folder}](`), folder);
});

test('the image of the provider has the program that the documents call', () => {
  const dockerfile = read('images/provider/Dockerfile');
  assert.match(dockerfile, /^COPY node \/usr\/local\/bin\/node$/m);
  assert.match(
    dockerfile,
    /^ENTRYPOINT \["\/usr\/local\/bin\/node", .*"\/piggy\/provider\.mjs"\]$/m,
  );
});

test('a newcomer gets to the first secret in less than ten commands, and README.md has the first of them', () => {
  const page = 'docs/getting-started.md';
  const commands = ['Install', 'The first secret'].flatMap((it) => commandsUnder(it, page));
  assert.ok(commands.length < 10);
  const inReadme = commandsUnder('Install', 'README.md');
  assert.deepEqual(inReadme, commands.slice(0, inReadme.length));
});
