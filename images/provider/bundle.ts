// Bundles the provider into one file, which is all that its image needs beside Node: build/provider.mjs, its source map,
// and the licences of what is in it (build/provider.mjs.LEGAL.txt).

import { build } from 'esbuild';
import { statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const outfile = join(root, 'build/provider.mjs');

await build({
  entryPoints: [join(root, 'provider/main.ts')],
  outfile,
  bundle: true,
  minify: true,
  // Errors in the log name their place by function, so names must survive.
  keepNames: true,
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
console.log(`build/provider.mjs ${(statSync(outfile).size / 1e6).toFixed(1)} MB`);
