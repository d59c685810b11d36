import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonObject } from './registry-json.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
/** The object, its list, and so many more. */
const listOf = (count: number) => `{"list":[${Array(count).fill('1').join()}]}`;
const nested = (depth: number) => `{"list":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

const read: Record<string, string> = {
  'as many values as may be': listOf(99_998),
  'as many levels as may be': nested(100),
  'marks within a text': `{"list":"${',[{'.repeat(200_000)}"}`,
};

for (const [name, text] of Object.entries(read)) {
  test(`reads ${name}`, () => {
    assert.deepEqual(parseJsonObject(bytesOf(text), 'manifest'), JSON.parse(text));
  });
}

const refused: Record<string, [text: string, message: RegExp]> = {
  'one value more': [listOf(99_999), /its manifest holds more than 100000 values/],
  'one level more': [nested(101), /its manifest holds more than 100 levels/],
  'a list': ['[]', /its manifest is malformed/],
  'what is no JSON': ['{', /its manifest is not JSON/],
};

for (const [name, [text, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseJsonObject(bytesOf(text), 'manifest'), {
      code: 'image_unreadable',
      message,
    });
  });
}
