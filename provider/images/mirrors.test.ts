import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectMirror } from './mirrors.ts';
import { parseImageReference } from './reference.ts';

const mirrors = [
  { from: 'docker.io', to: 'mirror.example/hub' },
  { from: 'docker.io/library', to: 'mirror.example:5000/official' },
  { from: 'ghcr.io/team/app', to: 'mirror.example/app' },
  { from: 'quay.io', to: 'mirror.example' },
];

const cases: Record<string, [image: string, expected: string]> = {
  'a registry': ['team/app:v1', 'mirror.example/hub/team/app:v1'],
  'the longest path': ['nginx', 'mirror.example:5000/official/nginx:latest'],
  'one repository': ['ghcr.io/team/app:v2', 'mirror.example/app:v2'],
  'a registry by another without a path': ['quay.io/team/app', 'mirror.example/team/app:latest'],
  'whole path elements only': ['ghcr.io/team/apple', 'ghcr.io/team/apple:latest'],
  'what is configured only': ['registry.example/app', 'registry.example/app:latest'],
};

for (const [name, [image, expected]] of Object.entries(cases)) {
  test(`replaces ${name}`, () => {
    const mirrored = selectMirror(parseImageReference(image), mirrors);
    assert.deepEqual(mirrored, parseImageReference(expected));
  });
}

test('keeps the digest', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const mirrored = selectMirror(parseImageReference(`quay.io/app@${digest}`), mirrors);
  assert.deepEqual(mirrored.target, { digest });
});
