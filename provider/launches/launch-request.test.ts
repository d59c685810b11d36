import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findJsonExcess } from '../json-limits.ts';
import { launchRequestLimits, parseLaunchRequest } from './launch-request.ts';

const request = { uid: 'abc', signature: 'def', references: ['A', 'B'] };
const many = (count: number) => Array.from({ length: count }, (_, index) => `K${index}`);

const secrets = (count: number) =>
  many(count).map((name) => ({ reference: `secret:shop/${name}#A` }));

const valid: Record<string, [body: unknown, parsed: object]> = {
  'a request': [request, request],
  'a request with fields of a later version': [{ ...request, more: 1 }, request],
  'a request without a signature': [
    { uid: 'abc', references: [] },
    { uid: 'abc', signature: '', references: [] },
  ],
  'a request whose signature is null': [
    { ...request, signature: null },
    { ...request, signature: '' },
  ],
  'a reference that comes twice as one': [
    { ...request, references: ['A', 'A'] },
    { ...request, references: ['A'] },
  ],
  'a reference that names a secret': [
    { ...request, references: ['A', { reference: 'secret:shop/db#A', more: 1 }] },
    { ...request, references: ['A', 'secret:shop/db#A'] },
  ],
  'a key in an object': [
    { ...request, references: [{ reference: 'A' }] },
    { ...request, references: ['A'] },
  ],
  'as many sources as may be': [
    { ...request, references: ['A', 'B', ...secrets(19)] },
    { ...request, references: ['A', 'B', ...secrets(19).map(({ reference }) => reference)] },
  ],
  'many keys of one secret': [
    { ...request, references: many(100).map((key) => ({ reference: `secret:shop/db#${key}` })) },
    { ...request, references: many(100).map((key) => `secret:shop/db#${key}`) },
  ],
  'as many references as may be': [
    { ...request, references: many(500) },
    { ...request, references: many(500) },
  ],
};

for (const [name, [body, parsed]] of Object.entries(valid)) {
  test(`reads ${name}`, () => {
    const { references, ...others } = parseLaunchRequest(body);
    assert.deepEqual({ ...others, references: references.map(({ text }) => text) }, parsed);
  });
}

const invalid: Record<string, [body: unknown, message: RegExp]> = {
  'no object': ['text', /must be a JSON object/],
  null: [null, /must be a JSON object/],
  'a list': [[], /needs "uid"/],
  'no uid': [{ references: [] }, /needs "uid"/],
  'an empty uid': [{ ...request, uid: '' }, /needs "uid"/],
  'a uid that is a number': [{ ...request, uid: 1 }, /needs "uid"/],
  'a very long uid': [{ ...request, uid: 'x'.repeat(65) }, /needs "uid"/],
  'a signature that is a list': [{ ...request, signature: ['def'] }, /"signature"/],
  'no references': [{ uid: 'abc' }, /needs "references"/],
  'references that are a text': [{ ...request, references: 'A' }, /needs "references"/],
  'a reference that is a number': [{ ...request, references: ['A', 1] }, /needs "references"/],
  'a reference of a launcher that knows keys only': [
    { ...request, references: ['secret:shop/db#A'] },
    /has a reference that its launcher is too old for, "secret:…": create the Pod again/,
  ],
  'an ARN of a launcher that knows keys only': [
    { ...request, references: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:a:b::'] },
    /too old for, "arn:…"/,
  ],
  'a reference that is wrong': [
    { ...request, references: [{ reference: 'secret:shop/db?region=x' }] },
    /has a wrong reference: it has an option that does not exist here/,
  ],
  'a reference in an object that is no text': [
    { ...request, references: [{ reference: 1 }] },
    /needs "references"/,
  ],
  'a reference that is null': [{ ...request, references: [null] }, /needs "references"/],
  'a list within the list': [{ ...request, references: [['A']] }, /needs "references"/],
  'too many sources': [
    { ...request, references: ['A', ...secrets(20)] },
    /asks for 21 secrets and parameters, and 20 are the most/,
  ],
};

for (const [name, [body, message]] of Object.entries(invalid)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseLaunchRequest(body), { code: 'invalid_request', message });
  });
}

test('refuses one reference too many', () => {
  const message = /has 501 references, 500 are answered at most/;
  assert.throws(() => parseLaunchRequest({ ...request, references: many(501) }), {
    code: 'request_too_large',
    message,
  });
});

test('as many references in objects as may be are parsed', () => {
  const references = many(500).map((reference) => ({ reference }));
  const text = JSON.stringify({ ...request, references });
  assert.equal(findJsonExcess(text, launchRequestLimits), undefined);
});

test('as many references as may be, full of marks of JSON, are parsed, with room for a later launcher', () => {
  const references = many(500).map((key) => `${key}{[,"\\`);
  const later = { version: '2', more: { labels: ['a', 'b'] } };
  const text = JSON.stringify({ ...request, references, ...later });
  assert.equal(findJsonExcess(text, launchRequestLimits), undefined);
});
