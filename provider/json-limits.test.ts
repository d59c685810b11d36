import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findJsonExcess, type JsonExcess } from './json-limits.ts';

const limits = { values: 5, depth: 3 };

const cases: Record<string, [text: string, excess: JsonExcess | undefined]> = {
  'a single value': ['1', undefined],
  'as many values as may be': ['[1,2,3,4]', undefined],
  'one value more': ['[1,2,3,4,5]', 'values'],
  'as many members as may be': ['{"a":1,"b":2,"c":3,"d":4}', undefined],
  'one member more': ['{"a":1,"b":2,"c":3,"d":4,"e":5}', 'values'],
  'members of one name': ['{"a":1,"a":1,"a":1,"a":1,"a":1}', 'values'],
  'as deep as may be': ['[[[1]]]', undefined],
  'one level deeper': ['[[[[1]]]]', 'depth'],
  'as deep, twice': ['[[[]],[]]', 'values'],
  'lists beside each other, no deeper': ['[[],[]]', undefined],
  'marks within a text': ['["[[[[{{{{,,,,,,,,"]', undefined],
  'marks behind a text': ['["a",1,2,3,4]', 'values'],
  'marks behind an escaped quotation mark': [String.raw`["\",,,,,,,,"]`, undefined],
  'marks behind an escaped backslash': [String.raw`["\\",1,2,3,4]`, 'values'],
  'a text without end': ['["[[[[,,,,,,,,', undefined],
  'what closes more than was open': [']]]][[[[', undefined],
  'what is no JSON': [',,,,,', 'values'],
  nothing: ['', undefined],
};

for (const [name, [text, excess]] of Object.entries(cases)) {
  test(`${name}: ${excess === undefined ? 'may be parsed' : `too many or much: ${excess}`}`, () => {
    assert.equal(findJsonExcess(text, limits), excess);
  });
}

test('what JSON can hold is counted exactly, but for what is empty', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const { values, depth, empty } = measure(JSON.parse(text));
      const most = { values: values + empty, depth };
      assert.equal(findJsonExcess(text, most), undefined);
      assert.equal(findJsonExcess(text, { ...most, values: most.values - 1 }), 'values');
      if (depth > 0) assert.ok(findJsonExcess(text, { ...most, depth: depth - 1 }));
    }),
  );
});

type Measured = { readonly values: number; readonly depth: number; readonly empty: number };

function measure(value: unknown): Measured {
  if (typeof value !== 'object' || value === null) return { values: 1, depth: 0, empty: 0 };
  const inner = Object.values(value).map(measure);
  return {
    values: 1 + inner.reduce((sum, { values }) => sum + values, 0),
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    empty: (inner.length === 0 ? 1 : 0) + inner.reduce((sum, { empty }) => sum + empty, 0),
  };
}
