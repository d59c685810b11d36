// The licences of the packages that a bundle holds parts of, which must come with it.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

type Package = { readonly name: string; readonly version: string; readonly license?: string };

/** One text: each package by name, version and the whole of its licence. Throws where one tells none. */
export function renderNotices({ inputs }: Metafile, root: string): string {
  const folders = new Set(Object.keys(inputs).flatMap((path) => packageFolder(path) ?? []));
  return [...folders]
    .map((folder) => renderNotice(join(root, folder)))
    .sort()
    .join('\n');
}

/** Of "node_modules/a/node_modules/@b/c/index.js" it is "node_modules/a/node_modules/@b/c". */
function packageFolder(path: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

function renderNotice(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Package;
  const [file] = globSync('{LICENSE,LICENCE,license,licence,COPYING}{,.md,.txt}', { cwd: folder });
  if (file === undefined && license === undefined) throw new Error(`${name} tells no licence`);
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  const notice = join(folder, 'NOTICE');
  const addition = existsSync(notice) ? `\n\n${readFileSync(notice, 'utf8').trim()}` : '';
  return `── ${name} ${version} (${license ?? 'see below'})\n\n${text}${addition}\n`;
}
