import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesHostGlob } from './host-glob.ts';

// The cases of kubernetes/pkg/credentialprovider/keyring_test.go, TestURLsMatch, retyped for hosts.
const cases: Record<string, [glob: string, host: string, expected: boolean]> = {
  'a host matches itself': ['kubernetes.io', 'kubernetes.io', true],
  'another host does not match': ['kubernetes.io', 'gcr.io', false],
  'a star matches one label': ['*.kubernetes.io', 'prefix.kubernetes.io', true],
  'a star inside matches one label': ['prefix.*.io', 'prefix.kubernetes.io', true],
  'a star at the end matches one label': ['prefix.kubernetes.*', 'prefix.kubernetes.io', true],
  'a star matches the rest of a label': ['*-good.kubernetes.io', 'prefix-good.kubernetes.io', true],
  'several stars': ['*.*.kubernetes.io', 'a.b.kubernetes.io', true],
  'a star never stands for two labels': ['*.kubernetes.io', 'a.b.kubernetes.io', false],
  'a star stands for a label': ['*.kubernetes.io', 'kubernetes.io', false],
  'a star does not stand for a whole host': ['*', 'kubernetes.io', false],
  'fewer labels': ['kubernetes.io', 'prefix.kubernetes.io', false],
  'the same port': ['kubernetes.io:8888', 'kubernetes.io:8888', true],
  'a star with a port': ['*.kubernetes.io:1111', 'prefix.kubernetes.io:1111', true],
  'another port': ['*.kubernetes.io:1111', 'prefix.kubernetes.io:2222', false],
  'a port on one side only': ['*.kubernetes.io:1111', 'prefix.kubernetes.io', false],
  'no glob in a port': ['kubernetes.io:*', 'kubernetes.io:1111', false],
  'a question mark is one character': ['a?c.io', 'abc.io', true],
  'a question mark is not none': ['a?c.io', 'ac.io', false],
  'a class': ['node[0-9].io', 'node7.io', true],
  'a character outside the class': ['node[0-9].io', 'nodex.io', false],
  'a negated class': ['node[^0-9].io', 'nodex.io', true],
  'a class that is not closed matches nothing': ['node[0-9.io', 'node[0-9.io', false],
  'ECR of every account and region': [
    '*.dkr.ecr.*.amazonaws.com',
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    true,
  ],
  'ECR of a foreign domain': [
    '*.dkr.ecr.*.amazonaws.com',
    '1.dkr.ecr.eu-west-1.amazonaws.com.evil.example',
    false,
  ],
  'a bracketed address': ['[::1]:5000', '[::1]:5000', false],
};

for (const [name, [glob, host, expected]] of Object.entries(cases)) {
  test(`${name}: ${glob} ${expected ? 'matches' : 'does not match'} ${host}`, () => {
    assert.equal(matchesHostGlob(glob, host), expected);
  });
}

test('a glob made to run long does not', () => {
  const started = performance.now();
  matchesHostGlob('*a'.repeat(50_000), 'a'.repeat(100_000));
  assert.equal(matchesHostGlob(`${'*a'.repeat(140)}*b`, 'a'.repeat(290)), false);
  assert.ok(performance.now() - started < 500);
});

test('any glob is matched or not, and what has no glob matches itself alone', () => {
  const unit = fc.constantFrom(...Array.from('ab.:1*?[]^-\\'));
  const texts = fc.oneof(fc.string(), fc.string({ unit, maxLength: 30 }));
  fc.assert(
    fc.property(texts, texts, (glob, host) => {
      const matches = matchesHostGlob(glob, host);
      if (!/[*?[\]]/.test(glob)) assert.equal(matches, glob === host);
    }),
    { numRuns: 2_000 },
  );
});
