import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEcrHost, type EcrEndpoint } from './ecr-host.ts';

// After the hosts of amazon-ecr-credential-helper, ecr-login/api/client_test.go.
const ACCOUNT = '123456789012';
const cases: Record<string, EcrEndpoint | undefined> = {
  [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`]: { region: 'us-east-1', fips: false },
  [`${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`]: { region: 'cn-north-1', fips: false },
  [`${ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com`]: { region: 'us-gov-west-1', fips: true },
  [`${ACCOUNT}.dkr-ecr.eu-west-1.on.aws`]: { region: 'eu-west-1', fips: false },
  [`${ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws`]: { region: 'us-east-1', fips: true },
  [`${ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn`]: {
    region: 'cn-north-1',
    fips: false,
  },
  [`${ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu`]: { region: 'eusc-de-east-1', fips: false },
  [`${ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov`]: { region: 'us-iso-east-1', fips: false },
  [`${ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov`]: { region: 'us-isob-east-1', fips: false },
  [`${ACCOUNT}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk`]: { region: 'eu-isoe-west-1', fips: false },
  [`${ACCOUNT}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov`]: { region: 'us-isof-south-1', fips: false },
  [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.fake.example.com`]: undefined,
  [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com:443`]: undefined,
  [`fake.${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`]: undefined,
  [`${ACCOUNT}.dkr.ecr.us-east-1.example.com`]: undefined,
  [`${ACCOUNT}.dkr.ecr.us-east-1.evil.amazonaws.com`]: undefined,
  '12345.dkr.ecr.us-east-1.amazonaws.com': undefined,
  'public.ecr.aws': undefined,
  'docker.io': undefined,
};

for (const [host, expected] of Object.entries(cases)) {
  test(`${host} is ${expected ? `ECR in ${expected.region}` : 'not private ECR'}`, () => {
    assert.deepEqual(parseEcrHost(host), expected);
  });
}
