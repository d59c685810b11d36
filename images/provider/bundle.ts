// Bundles the provider into one file, which is all that its image needs beside Node: build/provider.mjs, its source map,
// and the licences of what is in it (build/provider.mjs.LEGAL.txt); and what `helm test` runs in the same image.

import { build as bundle } from 'esbuild';
import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { renderNotices } from './notices.ts';

const root = join(import.meta.dirname, '../..');
const outfile = join(root, 'build/provider.mjs');

const { metafile } = await bundle({
  entryPoints: [join(root, 'provider/main.ts')],
  absWorkingDir: root,
  metafile: true,
  outfile,
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
// What esbuild finds are comments that ask to be kept; most packages have their licence in a file of its own.
appendFileSync(`${outfile}.LEGAL.txt`, `\n${renderNotices(metafile, root)}`);
await bundle({
  entryPoints: [join(root, 'images/provider/installation-test.ts')],
  outfile: join(root, 'build/installation-test.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
});
console.log(`build/provider.mjs ${(statSync(outfile).size / 1e6).toFixed(1)} MB`);
