import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandVariables, signArgv, signSpecArgs } from './signature.ts';

type Table<T> = Readonly<Record<string, T>>;

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), 'utf8'));
}

const { signatures } = readVectors('signature.json') as {
  readonly signatures: Table<{ readonly argv: string[]; readonly hex: string }>;
};
const expansion = readVectors('expansion.json') as {
  readonly expand: Table<{ text: string; environment: Record<string, string>; expected: string }>;
  readonly args: Table<{ author: string; doubled: string }>;
  readonly image: Table<{ args: string; received: string }>;
};

for (const [name, { argv, hex }] of Object.entries(signatures)) {
  test(`signature: ${name}`, () => {
    assert.equal(signArgv(argv), hex);
  });
}

for (const [name, { text, environment, expected }] of Object.entries(expansion.expand)) {
  test(`expansion: ${name}`, () => {
    assert.equal(expandVariables(text, new Map(Object.entries(environment))), expected);
  });
}

for (const [name, { author, doubled }] of Object.entries(expansion.args)) {
  test(`the signature of the spec is that of the author's args: ${name}`, () => {
    assert.equal(signSpecArgs([doubled]), signArgv([author]));
  });
}

for (const [name, { args, received }] of Object.entries(expansion.image)) {
  test(`the signature of the spec is that of the image's text, doubled once: ${name}`, () => {
    assert.equal(signSpecArgs([args]), signArgv([received]));
  });
}

/** As the policy does it. */
function double(text: string): string {
  return text.includes('$(') || text.includes('$$') ? text.replaceAll('$', '$$$$') : text;
}

const elements = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('$', '(', ')', 'A', ' ') }),
);
const argvs = fc.array(elements);

test('what the policy doubled, the kubelet gives back, with any environment', () => {
  const environments = fc.dictionary(fc.constantFrom('A', 'AA', '', 'A(A'), fc.string());
  fc.assert(
    fc.property(elements, environments, (text, environment) => {
      assert.equal(expandVariables(double(text), new Map(Object.entries(environment))), text);
    }),
  );
});

test('the spec has the signature of the argv that the launcher receives, and of no other', () => {
  fc.assert(
    fc.property(argvs, argvs, (argv, other) => {
      const isSame = JSON.stringify(argv) === JSON.stringify(other);
      assert.equal(signSpecArgs(argv.map(double)), signArgv(argv));
      assert.equal(signSpecArgs(argv.map(double)) === signArgv(other), isSame);
    }),
  );
});

const hostile = [
  '$('.repeat(50_000),
  `${'$('.repeat(50_000)})`,
  '$'.repeat(100_000),
  '$()'.repeat(33_000),
];

for (const text of hostile) {
  test(`100 KB of ${text.slice(0, 3)}… are expanded in linear time`, () => {
    const started = process.cpuUsage();
    expandVariables(text, new Map());
    assert.ok(process.cpuUsage(started).user < 2_000_000);
  });
}
