// Reads testdata/aws-names.json: texts that AWS takes as a name, or does not, each with a sentence that says what it is.

import { readFileSync } from 'node:fs';

export type AwsNameKind =
  | 'secretName'
  | 'secretNamePart'
  | 'secretArn'
  | 'region'
  | 'parameterPath'
  | 'parameterName'
  | 'parameterArn'
  | 'parameterLabel'
  | 'parameterVersion'
  | 'version'
  | 'versionId'
  | 'roleArn'
  | 'secretGlob'
  | 'parameterPathGlob';

export type AwsNameVector = {
  readonly what: string;
  readonly text: string;
  readonly isValid: boolean;
};

/** A long text in short. */
type Repeated = {
  readonly start?: string;
  readonly repeat: string;
  readonly times: number;
  readonly end?: string;
};

type Texts = Readonly<Record<string, string | Repeated>>;

type Kinds = Readonly<Record<AwsNameKind, { readonly valid: Texts; readonly invalid: Texts }>>;

const kinds = JSON.parse(
  readFileSync(new URL('../../testdata/aws-names.json', import.meta.url), 'utf8'),
) as Kinds;

export const awsNameKinds = Object.keys(kinds) as AwsNameKind[];

export function awsNameVectors(kind: AwsNameKind): AwsNameVector[] {
  const { valid, invalid } = kinds[kind];
  return [...read(valid, true), ...read(invalid, false)];
}

function read(texts: Texts, isValid: boolean): AwsNameVector[] {
  return Object.entries(texts).map(([what, written]) => ({ what, text: spell(written), isValid }));
}

function spell(written: string | Repeated): string {
  if (typeof written === 'string') return written;
  const { start = '', repeat, times, end = '' } = written;
  return `${start}${repeat.repeat(times)}${end}`;
}
