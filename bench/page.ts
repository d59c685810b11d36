// Puts what was measured into a page, between markers; the words around them are written by people.

/** Throws where the page has no such pair of markers. */
export function replaceSection(page: string, name: string, content: string): string {
  const begin = `<!-- bench ${name}: written by npm run bench -- ${name} --write -->`;
  const end = `<!-- end of bench ${name} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the page lacks ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${page.slice(to)}`;
}
