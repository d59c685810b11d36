// Holds the import arrows of docs/architecture.md: a folder may import itself, the modules for all, and what is listed. Only
// clients, the server and the modules that start the two threads open connections, and only main.ts mentions `process`.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { test } from 'node:test';

const everything = [
  'config',
  'http',
  'admission',
  'keys',
  'launches',
  'secrets',
  'images',
  'kubernetes',
  'observability',
  'doctor',
];
const forAll = ['aws-names.ts', 'errors.ts', 'json-limits.ts', 'json-schema.ts'];
const mayImport: Record<string, string[]> = {
  'main.ts': [...everything, 'wiring'],
  'lookups.ts': [...everything, 'wiring'],
  wiring: everything,
  http: ['admission', 'concurrency', 'launches', 'secrets', 'observability'],
  admission: ['images'],
  keys: ['kubernetes'],
  doctor: ['images', 'kubernetes', 'launches', 'observability', 'secrets'],
  launches: ['concurrency', 'kubernetes', 'secrets'],
  secrets: ['concurrency', 'kubernetes'],
  images: ['concurrency', 'kubernetes'],
};
const mayUseNetwork = /-client\.ts$|^http\/server\.ts$|^(?:main|lookups)\.ts$/;
const networkPackage =
  /^node:(?:https?|http2|net|tls|dgram|dns(?:\/promises)?)$|^undici$|^@aws-sdk\//;
const IMPORT =
  /^(?:import|export)\s+(?<type>type\s)?(?<names>[^;]*?)\s*from\s+'(?<path>[^']+)'|^import\s+'(?<bare>[^']+)'/gm;

/** Of node:net, what only looks at text. */
const purelyTextual = /^\{ (?:(?:BlockList|SocketAddress|isIP|isIPv4|isIPv6)(?:, | \}$))+/;

const root = import.meta.dirname;
const topFolder = (path: string) => relative(root, path).split('/')[0] ?? '';
const modules = globSync('**/*.ts', { cwd: root }).filter((m) => !/\.test\.ts$|^testing\//.test(m));

type Import = { readonly path: string; readonly isType: boolean; readonly names: string };

function readImports(source: string): Import[] {
  return [...source.matchAll(IMPORT)].map(({ groups }) => ({
    path: groups?.['path'] ?? groups?.['bare'] ?? '',
    isType: groups?.['type'] !== undefined,
    names: groups?.['names'] ?? '',
  }));
}

for (const module of modules) {
  const source = readFileSync(resolve(root, module), 'utf8');
  const folder = topFolder(resolve(root, module));
  const allowed = [folder, ...forAll, ...(mayImport[folder] ?? [])];

  test(`${module} imports only what it may`, () => {
    for (const { path, isType, names } of readImports(source)) {
      // Types are gone at run time: they open no connection, but a folder that knows another's types depends on it.
      const isAllowed = path.startsWith('.')
        ? allowed.includes(topFolder(resolve(root, dirname(module), path)))
        : isType ||
          !networkPackage.test(path) ||
          mayUseNetwork.test(module) ||
          (path === 'node:net' && purelyTextual.test(names));
      assert.ok(isAllowed, `${module} must not import ${path}`);
    }
  });

  test(`${module} mentions process only if it is main.ts`, () => {
    if (module !== 'main.ts') assert.doesNotMatch(source, /\bprocess\.|from 'node:process'/);
  });
}

test('no module imports itself by way of others, nor its types', () => {
  const graph = new Map(
    modules.map((module) => {
      const source = readFileSync(resolve(root, module), 'utf8');
      const targets = readImports(source)
        .filter(({ path }) => path.startsWith('.'))
        .map(({ path }) => relative(root, resolve(root, dirname(module), path)));
      return [module, targets] as const;
    }),
  );
  const done = new Set<string>();
  const visit = (module: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(module), [...trail, module].join(' → '));
    if (done.has(module)) return;
    for (const target of graph.get(module) ?? []) visit(target, [...trail, module]);
    done.add(module);
  };
  for (const module of modules) visit(module, []);
});
