import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSealingKeys } from './sealing-keys.ts';

const key = 'c2VjcmV0LWtleS0xMjM0NTY3ODkw';

const readable: Record<string, [texts: string[], keys: string[]]> = {
  'a key': [[key], [key]],
  'a key with a newline at its end': [[`${key}\n`], [key]],
  'two keys, in order': [
    [key, 'b3RoZXIta2V5LTEyMzQ='],
    [key, 'b3RoZXIta2V5LTEyMzQ='],
  ],
  'an empty second file as no key': [[key, '\n'], [key]],
};

for (const [name, [texts, keys]] of Object.entries(readable)) {
  test(`reads ${name}`, () => {
    assert.deepEqual(parseSealingKeys(texts), keys);
  });
}

const refused: Record<string, string[]> = {
  'empty files': ['', '\n'],
  'a key that is too short to be one': ['c2hvcnQ='],
  'bytes that were decoded': ['\u0000\u0001secret key of 32 bytes or so....'],
  'a good key beside a bad one': [key, 'not base64!'],
};

for (const [name, texts] of Object.entries(refused)) {
  test(`refuses ${name}, and does not tell it`, () => {
    assert.throws(
      () => parseSealingKeys(texts),
      (error: Error) => {
        assert.match(error.message, /PIGGY_ADMISSION_KEY_FILES holds no sealing key/);
        return texts.every((text) => text.trim() === '' || !error.message.includes(text));
      },
    );
  });
}
