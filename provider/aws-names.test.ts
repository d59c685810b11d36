import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as names from './aws-names.ts';
import { awsNameKinds, awsNameVectors, type AwsNameKind } from './testing/aws-name-vectors.ts';

const fits = (pattern: string) => (text: string) => new RegExp(pattern).test(text);

const isValid: Record<AwsNameKind, (text: string) => boolean> = {
  secretName: names.isSecretName,
  secretNamePart: names.isSecretNamePart,
  secretArn: (text) => names.isSecretId(text) && names.parseSecretArn(text) !== undefined,
  region: names.isRegion,
  parameterPath: names.isParameterPath,
  parameterName: names.isParameterName,
  parameterArn: (text) => names.parseParameterArn(text) !== undefined,
  parameterLabel: names.isParameterLabel,
  parameterVersion: names.isParameterVersion,
  version: names.isVersion,
  versionId: names.mayBeVersionId,
  roleArn: fits(names.roleArnPattern),
  secretGlob: fits(names.secretGlobPattern),
  parameterPathGlob: fits(names.parameterPathGlobPattern),
};

test('there are texts for every kind of name, and for no other', () => {
  assert.deepEqual(awsNameKinds.toSorted(), Object.keys(isValid).toSorted());
});

for (const kind of awsNameKinds) {
  for (const { what, text, isValid: expected } of awsNameVectors(kind)) {
    test(`${kind}: ${expected ? 'takes' : 'refuses'} ${what}`, () => {
      assert.equal(isValid[kind](text), expected);
    });
  }
}

test('a secret id is a name or an ARN, and nothing else', () => {
  for (const kind of ['secretName', 'secretArn'] as const) {
    for (const { text, isValid: expected } of awsNameVectors(kind)) {
      assert.equal(names.isSecretId(text), expected, text);
    }
  }
});

test('an ARN is taken apart', () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf';
  assert.deepEqual(names.parseSecretArn(arn), { region: 'eu-west-1', name: 'rds!db-1-AbCdEf' });
});

test('100 KB are refused in linear time', () => {
  const started = process.cpuUsage();
  const arn = 'arn:aws:iam::123456789012:role/';
  for (const text of [
    ...['/a', '/', '-a', 'a', '!', '🐷'].map((part) => part.repeat(50_000)),
    arn,
  ]) {
    for (const start of ['', '/', arn, 'arn:aws:secretsmanager:', 'eu']) {
      for (const [kind, accepts] of Object.entries(isValid)) {
        assert.equal(accepts(`${start}${text}\n`), false, kind);
      }
    }
  }
  assert.ok(process.cpuUsage(started).user < 2_000_000);
});
