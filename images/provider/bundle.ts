// Bundles the provider into build/provider, which is all that its image needs beside Node: provider.mjs and lookups.mjs, one for
// each of its threads, the parts that both share or that are loaded only when they are needed, source maps, and the licences of
// what is in them; and what `helm test` runs in the same image.

import { build as bundle } from 'esbuild';
import { globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFolder, noticesFile } from './files.ts';
import { renderNotices } from './notices.ts';

const root = join(import.meta.dirname, '../..');

rmSync(bundleFolder, { recursive: true, force: true });
const { metafile } = await bundle({
  entryPoints: {
    provider: join(root, 'provider/main.ts'),
    lookups: join(root, 'provider/lookups.ts'),
  },
  // What no thread has loaded costs no memory: a file is held as a whole, be it run or not.
  splitting: true,
  outExtension: { '.js': '.mjs' },
  absWorkingDir: root,
  metafile: true,
  outdir: bundleFolder,
  bundle: true,
  // Names stay: errors in the log name their place by function, and short names cost 8 MB more of memory, measured.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  legalComments: 'external',
  // Some dependencies are CommonJS and call require for Node's own modules.
  banner: {
    js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
  },
});
await bundle({
  entryPoints: [join(root, 'images/provider/installation-test.ts')],
  outfile: join(bundleFolder, 'installation-test.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
});
writeFileSync(noticesFile, [...takeLegalComments(), renderNotices(metafile, root)].join('\n'));
const modules = globSync('*.mjs', { cwd: bundleFolder });
const bytes = modules.reduce((sum, name) => sum + statSync(join(bundleFolder, name)).size, 0);
console.log(`build/provider: ${modules.length} modules, ${(bytes / 1e6).toFixed(1)} MB`);

/** Comments that ask to be kept; most packages have their licence in a file of its own. */
function takeLegalComments(): string[] {
  return globSync('*.LEGAL.txt', { cwd: bundleFolder }).map((name) => {
    const path = join(bundleFolder, name);
    const text = readFileSync(path, 'utf8');
    rmSync(path);
    return text;
  });
}
