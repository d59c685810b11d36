import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import { parseSecretSource, type SecretSource } from './source.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/api-AbCdEf';
const UUID = '7d9f1f0e-0b5a-4c1d-9a53-1f2e3d4c5b6a';
const CURRENT = { kind: 'stage', stage: 'AWSCURRENT' } as const;

type Settings = {
  secretId?: string;
  version?: string;
  parameterPath?: string;
  region?: string;
  defaultRegion?: string;
};

function parse({ defaultRegion, ...settings }: Settings): SecretSource {
  const unset = { secretId: '', version: '', parameterPath: '', region: '' };
  return parseSecretSource({ ...unset, ...settings }, defaultRegion);
}

const secret = (secretId: string, region: string, version: object = CURRENT) => ({
  kind: 'secretsManager',
  secretId,
  region,
  version,
});
const parameters = (path: string, region: string) => ({ kind: 'parameterStore', path, region });
const shop = { secretId: 'shop/api', region: 'eu-west-1' };

const valid: Record<string, [settings: Settings, source: object]> = {
  'a name in a region': [shop, secret('shop/api', 'eu-west-1')],
  'the default region where none is written': [
    { secretId: 'shop/api', defaultRegion: 'eu-west-1' },
    secret('shop/api', 'eu-west-1'),
  ],
  'the written region before the default one': [
    { ...shop, defaultRegion: 'us-east-1' },
    secret('shop/api', 'eu-west-1'),
  ],
  'an ARN with its region': [{ secretId: ARN, region: 'us-east-1' }, secret(ARN, 'us-east-1')],
  'the region of the ARN where none is written': [
    { secretId: ARN, defaultRegion: 'eu-west-1' },
    secret(ARN, 'us-east-1'),
  ],
  'an ARN of another partition': [
    { secretId: ARN.replace('aws', 'aws-cn').replace('us-east', 'cn-north') },
    secret(ARN.replace('aws', 'aws-cn').replace('us-east', 'cn-north'), 'cn-north-1'),
  ],
  'every character that a name may have': [
    { ...shop, secretId: 'aZ0/_+=.@-' },
    secret('aZ0/_+=.@-', 'eu-west-1'),
  ],
  'a region of a government': [
    { ...shop, region: 'us-gov-west-1' },
    secret('shop/api', 'us-gov-west-1'),
  ],
  'the sovereign region': [
    { ...shop, region: 'eusc-de-east-1' },
    secret('shop/api', 'eusc-de-east-1'),
  ],
  'AWS_CURRENT as AWSCURRENT': [
    { ...shop, version: 'AWS_CURRENT' },
    secret('shop/api', 'eu-west-1'),
  ],
  'a staging label': [
    { ...shop, version: 'AWSPREVIOUS' },
    secret('shop/api', 'eu-west-1', { kind: 'stage', stage: 'AWSPREVIOUS' }),
  ],
  'a version id': [
    { ...shop, version: UUID },
    secret('shop/api', 'eu-west-1', { kind: 'idOrStage', text: UUID }),
  ],
  'an id of Terraform, which may be a label too': [
    { ...shop, version: 'terraform-20240131235959012300000001' },
    secret('shop/api', 'eu-west-1', {
      kind: 'idOrStage',
      text: 'terraform-20240131235959012300000001',
    }),
  ],
  'a label of several words': [
    { ...shop, version: 'before the move' },
    secret('shop/api', 'eu-west-1', { kind: 'stage', stage: 'before the move' }),
  ],
  'the name of a secret that RDS owns': [
    { ...shop, secretId: 'rds!cluster-1fcd41b2' },
    secret('rds!cluster-1fcd41b2', 'eu-west-1'),
  ],
  'the ARN of a secret that RDS owns': [
    { secretId: ARN.replace('shop/api', 'rds!db-1fcd41b2') },
    secret(ARN.replace('shop/api', 'rds!db-1fcd41b2'), 'us-east-1'),
  ],
  'a parameter path': [
    { parameterPath: '/shop/api', region: 'eu-west-1' },
    parameters('/shop/api', 'eu-west-1'),
  ],
  'a parameter path without its last slash': [
    { parameterPath: '/shop/api/', region: 'eu-west-1' },
    parameters('/shop/api', 'eu-west-1'),
  ],
  'the root as parameter path': [
    { parameterPath: '/', region: 'eu-west-1' },
    parameters('/', 'eu-west-1'),
  ],
};

for (const [name, [settings, source]] of Object.entries(valid)) {
  test(`reads ${name}`, () => {
    assert.deepEqual(parse(settings), source);
  });
}

const invalid: Record<string, [settings: Settings, message: RegExp]> = {
  'both a secret and a path': [
    { ...shop, parameterPath: '/shop' },
    /aws-secret-name.*aws-ssm-parameter-path/,
  ],
  'neither a secret nor a path': [{ region: 'eu-west-1' }, /aws-secret-name: "" is neither/],
  'no region at all': [{ secretId: 'shop/api' }, /aws-region or the setting AWS_REGION/],
  'a region that is another host': [{ ...shop, region: 'evil.example/#' }, /aws-region: "evil/],
  'a region with a line break': [{ ...shop, region: 'eu-west-1\n' }, /aws-region: "eu-west-1\\n"/],
  'a region in capitals': [{ ...shop, region: 'EU-WEST-1' }, /aws-region/],
  'an ARN of another region than is written': [
    { secretId: ARN, region: 'eu-west-1' },
    /aws-region: "eu-west-1" is not the region of arn:.*set "us-east-1"/,
  ],
  'an ARN of another service': [
    { ...shop, secretId: 'arn:aws:s3:us-east-1:123456789012:secret:x' },
    /neither the name nor the ARN/,
  ],
  'an ARN whose region is none': [{ secretId: ARN.replace('us-east-1', 'x') }, /aws-region: "x"/],
  'a name with a space': [{ ...shop, secretId: 'shop api' }, /aws-secret-name: "shop api"/],
  'a name with a reference': [{ ...shop, secretId: '$(NAME)' }, /aws-secret-name/],
  'a version with a line break': [
    { ...shop, version: 'my\nversion' },
    /aws-secret-version: "my\\nversion" is neither a version id nor a staging label/,
  ],
  'a path without its first slash': [
    { parameterPath: 'shop', region: 'eu-west-1' },
    /"shop" is not a path/,
  ],
  'a path with two slashes': [
    { parameterPath: '/a//b', region: 'eu-west-1' },
    /"\/a\/\/b" is not a path/,
  ],
  'a path with a star': [{ parameterPath: '/a/*', region: 'eu-west-1' }, /is not a path/],
  'a very long name, in short': [{ ...shop, secretId: 'x'.repeat(9999) }, /^.{0,300}$/],
};

for (const [name, [settings, message]] of Object.entries(invalid)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parse(settings), { code: 'invalid_annotation', message });
  });
}

test('100 KB of slashes and letters are refused in linear time', () => {
  const started = process.cpuUsage();
  for (const text of ['/a'.repeat(50_000), '/'.repeat(100_000), `/${'a'.repeat(100_000)}!`]) {
    for (const field of ['secretId', 'parameterPath', 'version', 'region']) {
      assert.throws(() => parse({ ...shop, secretId: '', [field]: `${text}!` }), ProviderError);
    }
  }
  assert.ok(process.cpuUsage(started).user < 2_000_000);
});

test('whatever is written, no region is read but one that can be part of a host name', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('', 'eu-west-1', 'shop/api', '/shop', ARN));
  const settings = fc.record({ secretId: text, version: text, parameterPath: text, region: text });
  fc.assert(
    fc.property(settings, fc.option(text, { nil: undefined }), (written, defaultRegion) => {
      try {
        assert.match(parseSecretSource(written, defaultRegion).region, /^[a-z\d-]{4,50}$/);
      } catch (error) {
        assert.ok(error instanceof ProviderError && error.code === 'invalid_annotation');
      }
    }),
  );
});
