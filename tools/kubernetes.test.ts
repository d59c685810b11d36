import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  findKubernetes,
  isOlder,
  kubernetesFolder,
  kubernetesVersions,
  newestKubernetes,
  oldestKubernetes,
} from './kubernetes.ts';

const minors = kubernetesVersions().map(({ minor }) => minor);

test('the versions are in order, one for each minor version, each with its sums', () => {
  for (const [index, minor] of minors.entries()) {
    const before = minors[index - 1];
    if (before !== undefined) assert.ok(isOlder(before, minor), `${before} before ${minor}`);
    assert.ok(existsSync(join(kubernetesFolder, `${minor}.sum`)), minor);
  }
  assert.deepEqual(
    [oldestKubernetes().minor, newestKubernetes().minor],
    [minors[0], minors.at(-1)],
  );
});

const refused = ['1.29', '1.3', '1.370', 'v1.37', '1.37.2', 'newest', ''];

for (const minor of refused) {
  test(`Kubernetes "${minor}" is refused with the list of those that there are`, () => {
    assert.throws(() => findKubernetes(minor), {
      message: `Kubernetes ${minor} is not one of those to test with: ${minors.join(', ')}`,
    });
  });
}

const older: Record<string, readonly [minor: string, than: string, expected: boolean]> = {
  'an older one': ['1.30', '1.31', true],
  'the same': ['1.30', '1.30', false],
  'a newer one': ['1.31', '1.30', false],
  'fewer digits': ['1.9', '1.30', true],
};

for (const [what, [minor, than, expected]] of Object.entries(older)) {
  test(`versions are compared by number: ${what}`, () => {
    assert.equal(isOlder(minor, than), expected);
  });
}
