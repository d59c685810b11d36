import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnObject } from '../kubernetes/own-objects-client.ts';
import { composeOwn, decodeEntries, encodeEntries, selectOwnData } from './own-object.ts';

const own = { 'piggysec.com/made-by': 'provider' };
const object = (labels: Record<string, string> | undefined, data = {}): OwnObject => ({
  kind: 'Secret',
  metadata: { name: 'piggy-tls', ...(labels === undefined ? {} : { labels }) },
  data,
});

const found: Record<string, [OwnObject | undefined, data: object | undefined]> = {
  'no object': [undefined, undefined],
  'an empty one of ours': [object(own), undefined],
  'one of ours': [object(own, { key: 'eA==' }), { key: 'eA==' }],
};

for (const [name, [given, data]] of Object.entries(found)) {
  test(`takes ${name} as ${data === undefined ? 'not there' : 'what it holds'}`, () => {
    assert.deepEqual(selectOwnData(given), data);
  });
}

const foreign: Record<string, OwnObject> = {
  'without labels': object(undefined, { key: 'eA==' }),
  'of another maker': object({ 'piggysec.com/made-by': 'helm' }),
  'that is empty': object({}),
};

for (const [name, given] of Object.entries(foreign)) {
  test(`refuses an object ${name}, and says three ways out`, () => {
    assert.throws(() => selectOwnData(given), {
      code: 'internal_error',
      message: /^the Secret piggy-tls was not made by .*delete it, or .*label .*or choose `files`/,
    });
  });
}

test('a new object has type and label, and no resourceVersion', () => {
  const place = { kind: 'Secret', name: 'piggy-tls' } as const;
  assert.deepEqual(composeOwn(place, undefined, { type: 'Opaque', data: { a: 'eA==' } }), {
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name: 'piggy-tls', labels: own, annotations: {} },
    data: { a: 'eA==' },
  });
});

test('a changed object keeps its type, its version and every field that nobody asked to change', () => {
  const present = {
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    immutable: false,
    metadata: {
      name: 'piggy-tls',
      resourceVersion: '7',
      ownerReferences: [{ name: 'x' }],
      labels: { ...own, team: 'a' },
      annotations: { kept: '1', removed: '2', replaced: '3' },
    },
    data: { a: 'eA==' },
  } as const;
  const changes = {
    type: 'Opaque',
    data: { b: 'eQ==' },
    annotations: { removed: undefined, replaced: '4' },
  };
  assert.deepEqual(composeOwn({ kind: 'Secret', name: 'piggy-tls' }, present, changes), {
    ...present,
    metadata: { ...present.metadata, annotations: { kept: '1', replaced: '4' } },
    data: { b: 'eQ==' },
  });
});

test('entries are base64 in a Secret', () => {
  const entries = { 'tls.crt': 'Größe\n' };
  assert.deepEqual(encodeEntries(entries), { 'tls.crt': 'R3LDtsOfZQo=' });
  assert.deepEqual(decodeEntries(encodeEntries(entries)), entries);
});
