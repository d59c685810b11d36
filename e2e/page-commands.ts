// Finds in a document what its reader is to type: the commands of each section, and the YAML to write into files.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The commands under this heading; a command may go on after a backslash at the end of a line. */
export function commandsUnder(heading: string, page: string): string[] {
  const text = blocksUnder(heading, { page, language: 'sh' }).join('');
  return text.split(/(?<!\\)\n/).filter((command) => command !== '');
}

/** The fenced blocks of this language under this heading. */
export function blocksUnder(
  heading: string,
  { page, language }: { readonly page: string; readonly language: 'sh' | 'yaml' },
): string[] {
  const sections = readFileSync(join(root, page), 'utf8').split(/^#+ (?=.*\n\n)/m);
  const section = sections.find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no heading "${heading}"`);
  const fences = section.matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...fences].flatMap(([, is, block = '']) => (is === language ? [block] : []));
}
