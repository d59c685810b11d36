import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import {
  MAX_VALUE_BYTES,
  parseParameters,
  parseSecretBinary,
  parseSecretString,
  selectValues,
  type Parameter,
  type SecretContent,
} from './values.ts';
import { plainKey, plainReference } from './reference.ts';

type Expected = {
  readonly values: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly hint?: string;
  readonly ambiguous?: readonly string[];
  readonly allowLists: readonly string[];
  /** Of all keys; null where it has none, and not there where another vector says it. */
  readonly all?: Readonly<Record<string, string>> | null;
};
type Vectors<T> = Readonly<Record<string, Expected & T>>;

const vectors = JSON.parse(
  readFileSync(new URL('../../testdata/secret-values.json', import.meta.url), 'utf8'),
) as {
  readonly secretString: Vectors<{ readonly secretString: string }>;
  readonly secretBinary: Vectors<{ readonly secretBinary: string }>;
  readonly parameters: Vectors<{ readonly parameters: readonly Parameter[] }>;
};

function check(content: SecretContent, expected: Expected): void {
  const { values, missing, hint, ambiguous, allowLists } = expected;
  const asked = [...Object.keys(values), ...missing];
  const selected = selectValues(content, asked.map(plainReference));
  const revealed = [...selected.values].map(([key, value]) => [key, value.reveal()]);
  assert.deepEqual(revealed, Object.entries(values));
  assert.deepEqual(selected.missing, missing);
  assert.equal(selected.hint, hint);
  assert.ok(!selected.hint?.includes('canary'));
  assert.deepEqual(content.allowLists, allowLists);
  if (expected.all !== undefined) {
    const found = content.findAll()?.reveal();
    assert.deepEqual(found === undefined ? null : JSON.parse(found), expected.all);
  }
  for (const key of ambiguous ?? []) {
    assert.throws(() => selectValues(content, [plainReference(key)]), {
      code: 'ambiguous_parameter',
    });
  }
}

for (const [name, { secretString, ...expected }] of Object.entries(vectors.secretString)) {
  test(`SecretString: ${name}`, () => {
    check(parseSecretString(secretString), expected);
  });
}

for (const [name, { secretBinary, ...expected }] of Object.entries(vectors.secretBinary)) {
  test(`SecretBinary: ${name}`, () => {
    check(parseSecretBinary(Buffer.from(secretBinary, 'base64')), expected);
  });
}

for (const [name, { parameters, ...expected }] of Object.entries(vectors.parameters)) {
  test(`parameters: ${name}`, () => {
    check(parseParameters(parameters), expected);
  });
}

test('the error of an ambiguous key names the parameters, not their values', () => {
  const content = parseParameters([
    { name: '/p/a/KEY', value: 'hunter2' },
    { name: '/p/b/KEY', value: 'hunter3' },
  ]);
  assert.throws(
    () => content.find(plainKey('KEY')),
    /^ProviderError: KEY is the end of \/p\/a\/KEY, \/p\/b\/KEY: /,
  );
});

test('the whole of a JSON object is its stored text, which its allow-list is part of and decides about', () => {
  const text = ' {"A": 1e2, "PIGGY_ALLOWED_SA": "shop:api"}\n';
  const { allowLists, find } = parseSecretString(text);
  assert.deepEqual(allowLists, ['shop:api']);
  assert.equal(find(plainKey('.'))?.reveal(), text);
  assert.equal(find(plainKey('PIGGY_ALLOWED_SA')), undefined);
});

test('why a key is missing is told without a word of the secret', () => {
  const told = new Set(
    Object.values(vectors.secretString).map(({ hint = '' }) => hint.replaceAll(/\d+/g, '')),
  );
  const secret = fc.oneof(fc.string({ unit: 'grapheme' }), fc.json(), fc.constant('canary-0f3a'));
  const begins = fc.constantFrom('', '{', '"', "'", '[', 'A=', '{"A":', '{A:', 'A=1\nB=', '\uFEFF');
  const ends = fc.constantFrom('', '}', '"', ']', '\n', ',}');
  fc.assert(
    fc.property(begins, secret, ends, (begin, middle, end) => {
      const content = parseSecretString(begin + middle + end);
      const { hint = '' } = selectValues(content, [plainReference('not there')]);
      // Of a set of sentences that is known beforehand, and numbers.
      assert.ok(told.has(hint.replaceAll(/\d+/g, '').replace('other key:', 'other keys:')), hint);
    }),
  );
});

test('a value of 64 KB comes out whole', () => {
  const value = 'x'.repeat(65_536);
  const found = parseSecretString(JSON.stringify({ value })).find(plainKey('value'));
  assert.equal(found?.reveal(), value);
});

/** Objects inside each other under the key `a`, around `inner`, and a reference to each of them. */
function nest(depth: number, inner: string) {
  const text = '{"a":'.repeat(depth) + inner + '}'.repeat(depth);
  const references = Array.from({ length: depth }, (_, index) => 'a' + '.a'.repeat(index));
  return { text, references };
}

const fullOf = (bytes: number) => ({ name: '/p/full', value: 'x'.repeat(bytes) });
const tooLarge: Record<string, [content: SecretContent, references: readonly string[]]> = {
  'parts that hold each other': (({ text, references }) => [parseSecretString(text), references])(
    nest(250, `[${'1,'.repeat(31_000)}1]`),
  ),
  'one value with one byte too many': [parseParameters([fullOf(MAX_VALUE_BYTES + 1)]), ['full']],
  'letters of several bytes': [
    parseParameters([{ name: '/p/full', value: 'ü'.repeat(MAX_VALUE_BYTES / 2 + 1) }]),
    ['full'],
  ],
};

for (const [name, [content, references]] of Object.entries(tooLarge)) {
  test(`values that are too long together are refused: ${name}`, () => {
    assert.throws(() => selectValues(content, references.map(plainReference)), {
      code: 'values_too_large',
      message: /references have 10[47]\d{4} bytes together, .* gets 1048576 at most/,
    });
  });
}

test('values that are as long together as they may are given out, and those that are missing have no length', () => {
  const content = parseParameters([fullOf(MAX_VALUE_BYTES - 1), { name: '/p/one', value: 'x' }]);
  const asked = ['full', 'not there', 'one'];
  const { values, missing } = selectValues(content, asked.map(plainReference));
  assert.deepEqual([[...values.keys()], missing], [['full', 'one'], ['not there']]);
});

const hostile: Record<string, string> = {
  'brackets without end': '['.repeat(100_000),
  'nesting without end': '{"a":'.repeat(20_000),
  'deep nesting': `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  'quotes and backslashes': '\\"'.repeat(50_000),
  'a string without end': `{"a":"${'\\\\'.repeat(50_000)}`,
  'blanks before a word': `${' '.repeat(100_000)}x`,
  'blanks in quotes': `'${' '.repeat(100_000)}x:`,
  'names without a value': 'export '.repeat(15_000),
  'lines of NAME=value': 'export A = \n'.repeat(9_000),
  'one long name': 'A'.repeat(100_000),
  'many members': `{${Array.from({ length: 10_000 }, (_, i) => `"${i}":${i}`).join(',')}}`,
};

for (const [name, text] of Object.entries(hostile)) {
  test(`100 KB of ${name} are read in linear time`, () => {
    const references = Array.from({ length: 5000 }, () => 'a.'.repeat(60));
    const started = process.cpuUsage();
    selectValues(parseSecretString(text), references.map(plainReference));
    const { user } = process.cpuUsage(started);
    // Some milliseconds; reading the secret anew for each reference takes seconds.
    assert.ok(user < 2_000_000, `took ${user} µs of CPU time`);
  });
}

test('elements of a long array are found in linear time', () => {
  const content = parseSecretString(`{"a":[${'0,'.repeat(50_000)}"last"]}`);
  const references = Array.from({ length: 5000 }, () => plainReference('a.50000'));
  const started = process.cpuUsage();
  assert.equal(selectValues(content, references).values.get('a.50000')?.reveal(), 'last');
  const { user } = process.cpuUsage(started);
  // Some milliseconds; looking at all elements for each reference takes seconds.
  assert.ok(user < 500_000, `took ${user} µs of CPU time`);
});

test('values of any JSON object are those that JSON.parse reads', () => {
  const scalars = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
  );
  const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(scalars, fc.jsonValue()));
  fc.assert(
    fc.property(objects, fc.nat(3), (object, indent) => {
      const content = parseSecretString(JSON.stringify(object, null, indent));
      for (const [key, value] of Object.entries(object)) {
        if (key.startsWith('PIGGY_') || key === '.') continue;
        const text =
          typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
        assert.equal(content.find(plainKey(key))?.reveal(), text);
      }
    }),
  );
});

test('whatever a secret holds, reading it throws nothing but ProviderError and prints no value', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.json().map((text) => text.slice(0, -1)),
    fc.json().map((text) => `{"password":${text}`),
  );
  const references = fc.array(fc.oneof(fc.string(), fc.constantFrom('.', '__proto__', 'a.b')));
  fc.assert(
    fc.property(texts, references, (text, asked) => {
      const secret = `${text}-hunter2`;
      for (const content of [
        parseSecretString(text),
        parseSecretString(JSON.stringify({ ...Object.fromEntries(asked.map((k) => [k, secret])) })),
        parseSecretBinary(Buffer.from(secret)),
        parseParameters([...asked, ...asked].map((key) => ({ name: `/p/${key}`, value: secret }))),
      ]) {
        let shown: string;
        try {
          shown = inspect(selectValues(content, asked.map(plainReference)), {
            depth: 9,
            showHidden: true,
          });
        } catch (error) {
          assert.ok(error instanceof ProviderError);
          shown = inspect(error);
        }
        assert.ok(!shown.includes('hunter2'));
      }
    }),
  );
});
