import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shorten } from './shorten.ts';

const cases: Record<string, [text: string, maxLength: number, expected: string]> = {
  'a short text': ['denied', 6, 'denied'],
  'a long text': ['denied!', 6, 'denie…'],
  'an empty text': ['', 6, ''],
  'a character that would be cut in two': ['deni🔑', 6, 'deni🔑'],
  'a character that is cut in two': ['denied🔑!', 8, 'denied\ufffd…'],
};

for (const [name, [text, maxLength, expected]] of Object.entries(cases)) {
  test(`${name} is shortened to ${maxLength} characters`, () => {
    assert.equal(shorten(text, maxLength), expected);
  });
}
