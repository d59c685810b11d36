import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaceSection } from './page.ts';

const begin = '<!-- bench images: written by npm run bench -- images --write -->';
const end = '<!-- end of bench images -->';

test('what stood between the markers is replaced, and nothing else', () => {
  const page = `# Performance\n\n${begin}\n\nold\n\n${end}\n\nWords.\n`;
  const replaced = replaceSection(page, 'images', '\nnew $& $1\n');
  assert.equal(replaced, `# Performance\n\n${begin}\n\nnew $& $1\n\n${end}\n\nWords.\n`);
  assert.equal(replaceSection(replaced, 'images', 'new $& $1'), replaced);
});

const lacking: Record<string, string> = {
  'no markers': '# Performance\n',
  'no end': begin,
  'the markers of another section': begin.replaceAll('images', 'scale') + end,
  'its markers the wrong way round': `${end}\n${begin}`,
};

for (const [name, page] of Object.entries(lacking)) {
  test(`a page with ${name} is not written`, () => {
    assert.throws(() => replaceSection(page, 'images', 'new'), /lacks <!-- bench images/);
  });
}
