import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { capture } from '../tools/run.ts';

const refused: Record<string, [args: readonly string[], message: RegExp]> = {
  'a tag that is not the version of the checkout': [
    ['v999.0.0'],
    /these versions must be one and the same: \{"tag":"999\.0\.0"/,
  ],
  'no tag': [[], /name the tag of the release, such as v1\.2\.3, or --dry-run/],
};

for (const [name, [args, message]] of Object.entries(refused)) {
  test(`a release of ${name} is refused before anything is built`, async () => {
    const program = join(import.meta.dirname, 'release.ts');
    const { code, stdout, stderr } = await capture(process.execPath, [program, ...args]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  });
}
