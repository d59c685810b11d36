// Holds the example in README.md to the manifest that the tests and the demo use.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

test('the example in README.md is examples/first-secret/pod.yaml', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, example] = /^```yaml\n(.*?)^```$/ms.exec(readme) ?? [];
  assert.equal(example, readFileSync(join(root, 'examples/first-secret/pod.yaml'), 'utf8'));
});

test('every relative link in the documents leads to a file', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].concat(
    ['annotations', 'architecture', 'access-rules', 'configuration', 'troubleshooting'].map(
      (name) => `docs/${name}.md`,
    ),
  );
  const broken = pages.flatMap((page) => {
    const links = readFileSync(join(root, page), 'utf8').matchAll(
      /\]\((?!https?:|#)([^)#]+)[^)]*\)/g,
    );
    return [...links]
      .map(([, link = '']) => join(root, page, '..', link))
      .filter((path) => !existsSync(path));
  });
  assert.deepEqual(broken, []);
});
