// Holds what an author may not write in annotations: require-injection, by the real Kyverno CLI.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import {
  awsNameVectors,
  type AwsNameKind,
  type AwsNameVector,
} from '../provider/testing/aws-name-vectors.ts';
import { kyvernoCli } from '../tools/go-tools.ts';
import { validatePods, type Pod } from '../tools/kyverno-cli.ts';

const policy = join(import.meta.dirname, 'require-injection.yaml');

const value = (name: string, what: string) => (text: string) =>
  `piggy: annotation piggysec.com/${name} must be ${what}, not "${text}"`;
const boolean = (name: string) => value(name, '"true" or "false"');
const quantity = (name: string) => value(name, 'a quantity such as "10m" or "16Mi"');
const duration = value('piggy-initial-delay', 'a duration of at most 10m such as "500ms" or "2s"');
const retries = value('piggy-number-of-retry', 'a whole number from 0 to 9999');
const region = value('aws-region', 'a region such as "eu-west-1"');
const address = value('piggy-address', 'an https URL such as "https://piggy.piggy-system.svc"');

/** annotation → its value → the refusal, or undefined where it is fine. */
const annotations: Record<string, Record<string, ((text: string) => string) | undefined>> = {
  inject: { true: undefined, yes: boolean('inject'), '': boolean('inject') },
  debug: { false: undefined, TRUE: boolean('debug'), '1': boolean('debug') },
  standalone: { maybe: boolean('standalone') },
  'piggy-enforce-integrity': { yes: boolean('piggy-enforce-integrity') },
  'piggy-enforce-service-account': { on: boolean('piggy-enforce-service-account') },
  'piggy-ignore-no-env': { ' true': boolean('piggy-ignore-no-env') },
  'piggy-skip-verify-tls': { no: boolean('piggy-skip-verify-tls') },
  'piggy-psp-allow-privilege-escalation': { x: boolean('piggy-psp-allow-privilege-escalation') },
  'image-skip-verify-registry': { x: boolean('image-skip-verify-registry') },
  'piggy-initial-delay': {
    '0': undefined,
    '1m30.5s': undefined,
    '500ms': undefined,
    '10m': undefined,
    '10m1s': duration,
    '99999999999h': duration,
    '5': duration,
    '-1s': duration,
    '1 s': duration,
    '': duration,
  },
  'piggy-number-of-retry': {
    '0': undefined,
    '12': undefined,
    '-1': retries,
    '1.5': retries,
    '99999': retries,
  },
  'piggy-env-resource-cpu-request': {
    '10m': undefined,
    '0.5': undefined,
    ten: quantity('piggy-env-resource-cpu-request'),
  },
  'piggy-env-resource-cpu-limit': { '': quantity('piggy-env-resource-cpu-limit') },
  'piggy-env-resource-memory-request': {
    '16Mi': undefined,
    '16MB': quantity('piggy-env-resource-memory-request'),
  },
  'piggy-env-resource-memory-limit': { '1Gi}': quantity('piggy-env-resource-memory-limit') },
  'piggy-env-resource-ephemeral-storage-request': { '1Gi': undefined },
  'piggy-env-resource-ephemeral-storage-limit': {
    much: quantity('piggy-env-resource-ephemeral-storage-limit'),
  },
  'aws-region': {
    'eu-west-1': undefined,
    'us-gov-east-1': undefined,
    'eusc-de-east-1': undefined,
    'ap-southeast-7': undefined,
    'eu-west-1.evil.example/': region,
    EU: region,
    '': region,
  },
  'piggy-address': {
    'https://piggy.piggy-system.svc:8443': undefined,
    'https://piggy-webhooks.piggy-webhooks.svc.cluster.local/': undefined,
    'http://piggy.piggy-system.svc': address,
    'https://user@piggy.example': address,
    'https://piggy.example/?a=b': address,
    'https://': address,
    piggy: address,
  },
  'piggy-dns-resolver': {
    tcp: undefined,
    ip: value('piggy-dns-resolver', 'udp, udp4, udp6, tcp, tcp4 or tcp6'),
  },
  'piggy-env-image-pull-policy': {
    Never: undefined,
    never: value('piggy-env-image-pull-policy', 'Always, IfNotPresent or Never'),
  },
  'aws-secret-name': { '': undefined },
  'aws-secret-version': { '': undefined },
  'piggy-default-secret-name-prefix': { '': undefined },
  'piggy-default-secret-name-suffix': { '': undefined },
  'aws-ssm-parameter-path': {
    '/shop/api': undefined,
    '': () => 'piggy: annotation piggysec.com/aws-ssm-parameter-path must begin with "/", not ""',
    '/shop//api': value('aws-ssm-parameter-path', 'a path such as "/shop/api"'),
    'shop/api': () =>
      'piggy: annotation piggysec.com/aws-ssm-parameter-path must begin with "/", not "shop/api"',
  },
  'aws-sercet-name': {
    x: () =>
      'piggy: annotation piggysec.com/aws-sercet-name does not exist; see docs/annotations.md for those that do',
  },
  'Aws-Secret-Name': {
    x: () =>
      'piggy: annotation piggysec.com/Aws-Secret-Name does not exist; see docs/annotations.md for those that do',
  },
  'piggy-error': {
    'line\none': () => 'piggy: line one',
    [`${'x'.repeat(1000)}y`]: () => `piggy: ${'x'.repeat(1000)}…`,
  },
};

/** annotation → what it must be, and the texts of testdata/aws-names.json that it is held to. */
const awsNames: Record<string, [what: string, kinds: readonly AwsNameKind[]]> = {
  'aws-secret-name': ['the name or the ARN of a secret', ['secretName', 'secretArn']],
  'aws-secret-version': ['a version id or a staging label', ['version']],
  'aws-ssm-parameter-path': ['a path such as "/shop/api"', ['parameterPath']],
  'aws-region': ['a region such as "eu-west-1"', ['region']],
  'piggy-default-secret-name-prefix': ['part of a secret name', ['secretNamePart']],
  'piggy-default-secret-name-suffix': ['part of a secret name', ['secretNamePart']],
};

/** An empty annotation counts as not given; these two were never allowed to be empty. */
const mayBeEmpty = (name: string) => name !== 'aws-region' && name !== 'aws-ssm-parameter-path';

function refusalOfAwsName(name: string, what: string, { text, isValid }: AwsNameVector) {
  if (isValid || (text === '' && mayBeEmpty(name))) return undefined;
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text.replaceAll('\n', ' ');
  if (name !== 'aws-ssm-parameter-path' || text.startsWith('/')) return value(name, what)(shown);
  return `piggy: annotation piggysec.com/${name} must begin with "/", not "${shown}"`;
}

const launcher = { name: 'app', image: 'i', command: ['/piggy/piggy-env'], args: ['--', 'app'] };
const reference = [{ name: 'A', value: 'piggy:A' }];

const rows = [
  ...Object.entries(annotations).flatMap(([name, values]) =>
    Object.entries(values).map(([text, refusal]): [string, object, object, string | undefined] => [
      `piggysec.com/${name}: ${JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)}`,
      { [`piggysec.com/${name}`]: text },
      { containers: [{ ...launcher, env: reference }] },
      refusal?.(text),
    ]),
  ),
  ...Object.entries(awsNames).flatMap(([name, [what, kinds]]) =>
    kinds
      .flatMap(awsNameVectors)
      .map((vector): [string, object, object, string | undefined] => [
        `piggysec.com/${name}: ${vector.what}`,
        { [`piggysec.com/${name}`]: vector.text },
        { containers: [{ ...launcher, env: reference }] },
        refusalOfAwsName(name, what, vector),
      ]),
  ),
];

let refusals: (string | undefined)[];

before(async () => {
  const pods = rows.map(([, given, spec], i): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${i}`, namespace: 'shop', annotations: given },
    spec,
  }));
  refusals = await validatePods(await kyvernoCli(console.error), { policy, pods });
});

rows.forEach(([name, , , expected], i) => {
  test(`${expected === undefined ? 'allows' : 'refuses'} ${name}`, () => {
    assert.equal(refusals[i], expected);
  });
});
