// Reads testdata/references.json, and makes of it and of chance the texts of testdata/references.jsonl, which hold the two
// parsers, ours and the launcher's, to each other.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseReference } from '../secrets/reference.ts';
import { ReferenceMistake, type WhenMissing } from '../secrets/reference-text.ts';
import type { NamedSource, SecretVersion } from '../secrets/source.ts';

export type ReferenceVector = { readonly text: string } & Outcome;

/** What a reference means, or what is wrong with it. */
type Outcome =
  | {
      readonly source: SourceVector | null;
      readonly key: string;
      readonly path: readonly string[];
      readonly whenMissing: WhenMissing;
      /** Of all keys. */
      readonly prefix?: string;
    }
  | { readonly error: string };

type SourceVector = {
  readonly secret?: string;
  readonly stage?: string;
  readonly versionId?: string;
  readonly parameter?: string;
  readonly selector?: string;
};

const folder = new URL('../../testdata/', import.meta.url);

export const generatedFile = new URL('references.jsonl', folder);

/** By a sentence that says what it is. */
export const referenceVectors = Object.entries(
  JSON.parse(readFileSync(new URL('references.json', folder), 'utf8')) as Record<
    string,
    ReferenceVector
  >,
);

export function readReference(text: string): Outcome {
  try {
    const { source, key, whenMissing, prefix } = parseReference(text);
    const path = key.path ?? key.text.split('.');
    const read = { source: describe(source), key: key.text, path, whenMissing };
    return prefix === undefined ? read : { ...read, prefix };
  } catch (error) {
    if (error instanceof ReferenceMistake) return { error: error.message };
    throw error;
  }
}

function describe(source: NamedSource | undefined): SourceVector | null {
  if (source === undefined) return null;
  if (source.kind === 'parameter') return { parameter: source.id, selector: source.selector };
  return { secret: source.secretId, ...describeVersion(source.version) };
}

function describeVersion(version: SecretVersion): SourceVector {
  switch (version.kind) {
    case 'stage':
      return { stage: version.stage };
    case 'id':
      return { versionId: version.id };
    case 'idOrStage':
      throw new Error('a reference says which of both it means');
  }
}

const part = fc.constantFrom(
  ...[
    'all:',
    'prefix=',
    'key:',
    'secret:',
    'parameter:',
    'arn:',
    'arn:aws:ssm:eu-west-1:123456789012:parameter',
  ],
  ...[
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:',
    'aws',
    ':',
    '::',
    '#',
    '?',
    '&',
    '=',
  ],
  ...[
    'shop/db',
    '/shop/db',
    '/',
    'password',
    '.',
    'a.b',
    'rds!db-1',
    'PIGGY_ALLOWED_SA',
    '-AbCdEf',
  ],
  ...['optional', 'default=', 'stage=', 'version=', 'label=', 'AWSPREVIOUS', 'blue', '3', '0'],
  ...['%', '%23', '%3f', '%2E', '%2F', '%C3%A4', '%c3', '%00', '%25', 'ä', '🐷', ' ', '$(X)', '\t'],
  ...['1fcd41b2-4d0e-4c1f-8a53-1f2e3d4c5b6a'],
);
const written = fc.array(part, { minLength: 1, maxLength: 9 }).map((parts) => parts.join(''));
const texts = referenceVectors.map(([, { text }]) => text);
/** A text of the vectors with something else in one place of it. */
const changed = fc
  .tuple(fc.constantFrom(...texts), part, fc.nat(), fc.nat({ max: 3 }))
  .map(([text, put, at, drop]) => {
    const characters = Array.from(text);
    characters.splice(at % (characters.length + 1), drop, put);
    return characters.join('');
  })
  .filter((text) => text !== '');

/** Of a spec: no kubelet leaves a NUL in it, and line breaks at its end are cut off. */
export const anyReference = fc
  .oneof(written, changed)
  .map((text) => text.replaceAll('shop/db', 'bank/db').replace(/[\r\n]+$/, ''))
  .filter((text) => text !== '');

/** The same each time. */
export function generateReferences(): string {
  const samples = [
    ...fc.sample(changed, { seed: 20_261_129, numRuns: 1000 }),
    ...fc.sample(written, { seed: 20_261_129, numRuns: 500 }),
  ];
  const lines = [...new Set(samples)].map((text) =>
    JSON.stringify({ text, ...readReference(text) }),
  );
  return `${lines.join('\n')}\n`;
}
