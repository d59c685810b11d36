import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEcrHost, type EcrEndpoint } from './ecr-host.ts';

// After the hosts of amazon-ecr-credential-helper, ecr-login/api/client_test.go.
const ACCOUNT = '123456789012';
const cases: Record<string, EcrEndpoint | undefined> = {
  [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`]: {
    kind: 'private',
    region: 'us-east-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`]: {
    kind: 'private',
    region: 'cn-north-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com`]: {
    kind: 'private',
    region: 'us-gov-west-1',
    fips: true,
  },
  [`${ACCOUNT}.dkr-ecr.eu-west-1.on.aws`]: { kind: 'private', region: 'eu-west-1', fips: false },
  [`${ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws`]: {
    kind: 'private',
    region: 'us-east-1',
    fips: true,
  },
  [`${ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`]: {
    kind: 'private',
    region: 'cn-north-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`]: {
    kind: 'private',
    region: 'eusc-de-east-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov`]: {
    kind: 'private',
    region: 'us-iso-east-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov`]: {
    kind: 'private',
    region: 'us-isob-east-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk`]: {
    kind: 'private',
    region: 'eu-isoe-west-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov`]: {
    kind: 'private',
    region: 'us-isof-south-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.fake.example.com`]: undefined,
  [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com:443`]: undefined,
  [`fake.${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`]: undefined,
  [`${ACCOUNT}.dkr.ecr.us-east-1.example.com`]: undefined,
  [`${ACCOUNT}.dkr.ecr.us-east-1.evil.amazonaws.com`]: undefined,
  '12345.dkr.ecr.us-east-1.amazonaws.com': undefined,
  'public.ecr.aws': { kind: 'public' },
  'ecr-public.aws.com': { kind: 'public' },
  'public.ecr.aws.example.com': undefined,
  'evil-public.ecr.aws': undefined,
  'docker.io': undefined,
};

for (const [host, expected] of Object.entries(cases)) {
  test(`${host} is ${expected ? `${expected.kind} ECR` : 'not ECR'}`, () => {
    assert.deepEqual(parseEcrHost(host), expected);
  });
}

test('any host is read or is not ECR', () => {
  const unit = fc.constantFrom('1', '.', '-', 'a', 'dkr', 'ecr', '123456789012', 'amazonaws.com');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit, maxLength: 30 })), (host) => {
      const endpoint = parseEcrHost(host);
      if (endpoint?.kind === 'private') assert.match(endpoint.region, /^[a-z\d-]{1,63}$/);
    }),
  );
  const started = performance.now();
  parseEcrHost(`123456789012.dkr.ecr.${'a-'.repeat(50_000)}`);
  assert.ok(performance.now() - started < 500);
});
