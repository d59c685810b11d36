// The texts of testdata/references.json, which the launcher's parser runs too, and what holds for every text.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  generatedFile,
  generateReferences,
  readReference,
  referenceVectors,
} from '../testing/reference-vectors.ts';
import { parseReference } from './reference.ts';
import { ReferenceMistake } from './reference-text.ts';

for (const [what, { text, ...expected }] of referenceVectors) {
  test(`${'error' in expected ? 'refuses' : 'reads'} ${what}`, () => {
    assert.deepEqual(readReference(text), expected);
  });
}

test('the texts that chance made are read as testdata/references.jsonl says', () => {
  const generated = generateReferences();
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(generatedFile, generated);
  assert.equal(readFileSync(generatedFile, 'utf8'), generated);
  const refused = generated.split('\n').filter((line) => line.includes('"error":')).length;
  assert.ok(refused > 200 && generated.split('\n').length - refused > 200);
});

const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });

test('a text that begins with no word of the grammar is a key, as it always was', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      fc.pre(!/^(?:all|arn|key|secret|parameter):/.test(text) && text.isWellFormed());
      const { isPlain, source, key, whenMissing } = parseReference(text);
      assert.deepEqual(
        { isPlain, source, key: key.text },
        { isPlain: true, source: undefined, key: text },
      );
      assert.equal(whenMissing, 'fail');
    }),
  );
});

test('any key can be written, whatever signs it holds', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom('key:', 'secret:shop/db#'), (key, start) => {
      fc.pre(!key.includes('\0') && key.isWellFormed());
      const escaped = encodeURIComponent(key).replaceAll('.', '%2E');
      assert.equal(parseReference(`${start}${escaped}?optional`).key.text, key);
    }),
  );
});

test('what a secret is named by is the text between "secret:" and the first "#" or "?", whatever follows', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9/_+=.@!-]{1,20}$/);
  fc.assert(
    fc.property(name, anyText, fc.constantFrom('#', '?'), (secretId, more, sign) => {
      try {
        const { source } = parseReference(`secret:${secretId}${sign}${more}`);
        assert.ok(source?.kind === 'secretsManager' && source.secretId === secretId);
      } catch (error) {
        assert.ok(error instanceof ReferenceMistake);
      }
    }),
  );
});

test('a mistake is told in a sentence that repeats nothing of the reference', () => {
  for (const [, vector] of referenceVectors) {
    if ('error' in vector) assert.ok(!vector.error.includes('shop/db'));
  }
});

test('100 KB are read in linear time', () => {
  const started = process.cpuUsage();
  for (const part of ['a', '.', '%', '%41', '&', ':', '#', '?', '/a', 'stage=a&', '🐷']) {
    for (const start of ['key:', 'secret:', 'secret:a?', 'parameter:/', 'arn:', 'arn:aws:ssm:']) {
      readReference(start + part.repeat(50_000));
    }
  }
  assert.ok(process.cpuUsage(started).user < 2_000_000);
});
