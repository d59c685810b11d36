// Bundles the provider into two files, one for each of its threads, which are all that its image needs beside Node:
// build/provider.mjs and build/lookups.mjs, with source maps and the licences of what is in them; and what `helm test` runs in
// the same image.

import { build as bundle } from 'esbuild';
import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { renderNotices } from './notices.ts';

const root = join(import.meta.dirname, '../..');
const build = join(root, 'build');

const { metafile } = await bundle({
  entryPoints: {
    provider: join(root, 'provider/main.ts'),
    lookups: join(root, 'provider/lookups.ts'),
  },
  outExtension: { '.js': '.mjs' },
  absWorkingDir: root,
  metafile: true,
  outdir: build,
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
// What esbuild finds are comments that ask to be kept; most packages have their licence in a file of its own. These are of both.
appendFileSync(join(build, 'provider.mjs.LEGAL.txt'), `\n${renderNotices(metafile, root)}`);
await bundle({
  entryPoints: [join(root, 'images/provider/installation-test.ts')],
  outfile: join(build, 'installation-test.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
});
for (const name of ['provider.mjs', 'lookups.mjs']) {
  console.log(`build/${name} ${(statSync(join(build, name)).size / 1e6).toFixed(1)} MB`);
}
