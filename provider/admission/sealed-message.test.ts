import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeMac, openQuestion, sealAnswer } from './sealed-message.ts';

const key = 'c2VjcmV0LWtleQ==';
const former = 'Zm9ybWVyLWtleQ==';
const payload = '{"nonce":"1","images":["nginx:1"]}';
const sealed = (text: string, withKey = key) => ({
  payload: text,
  mac: computeMac(withKey, 'question', text),
});

// Computed once with sha256sum: printf '%s' "$key$(printf '%s' "$key"question"$payload" | sha256sum | cut -c1-64)" | sha256sum
const vectors: Record<string, [kind: 'question' | 'answer', payload: string, mac: string]> = {
  'a question': [
    'question',
    payload,
    '0326732254df224282806946294832b3179173ff1cec0347218e9ab71b297dd3',
  ],
  'an answer': [
    'answer',
    payload,
    '4c5c344d023611138a2f637487108e19357a1638bfb03e691f9ded6f124869c1',
  ],
  'text beyond ASCII': [
    'answer',
    'grüß 🐷',
    '1a4defc7c8a4053beb7be27dc11940dec443c60d0f60b92478cf1dcafd206fce',
  ],
};

for (const [name, [kind, text, mac]] of Object.entries(vectors)) {
  test(`seals ${name} as the policy does`, () => {
    assert.equal(computeMac(key, kind, text), mac);
  });
}

test('a sealed question is opened', () => {
  assert.deepEqual(openQuestion(sealed(payload), [key]), { payload, key });
});

test('during a rotation either key opens, and the answer is sealed with the one that did', () => {
  const opened = openQuestion(sealed(payload, former), [key, former]);
  assert.equal(opened.key, former);
  assert.deepEqual(sealAnswer('{}', opened.key), {
    payload: '{}',
    mac: computeMac(former, 'answer', '{}'),
  });
});

const good = sealed(payload);
const refused: Record<string, [message: unknown, keys?: readonly string[]]> = {
  'another key': [sealed(payload, former)],
  'a changed payload': [{ ...good, payload: payload.replace('nginx', 'evil') }],
  'an answer sent back as a question': [sealAnswer(payload, key)],
  'a shortened MAC': [{ ...good, mac: good.mac.slice(0, -1) }],
  'a MAC of as many characters, and more bytes': [{ ...good, mac: 'é'.repeat(64) }],
  'an empty MAC': [{ ...good, mac: '' }],
  'a MAC in upper case': [{ ...good, mac: good.mac.toUpperCase() }],
  'a MAC that is no text': [{ ...good, mac: 1 }],
  'a payload that is no text': [{ ...good, payload: {} }],
  'a payload with a lone surrogate': [sealed('{"nonce":"\uD800"}')],
  'a message without payload': [{ mac: good.mac }],
  'a message that is no object': ['payload'],
  nothing: [null],
  'a provider without keys': [good, []],
};

for (const [name, [message, keys = [key]]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => openQuestion(message, keys), { code: 'unsealed_message' });
  });
}
