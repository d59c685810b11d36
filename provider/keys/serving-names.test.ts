import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NamedProvider, selectServingNames } from './serving-names.ts';

const usual: NamedProvider = {
  serviceName: 'piggy',
  namespace: 'piggy-system',
  address: 'https://piggy.piggy-system.svc:8443',
  certificateNames: [],
};
const service = [
  'piggy.piggy-system.svc',
  'piggy.piggy-system.svc.cluster.local',
  'piggy.piggy-system',
  'piggy',
];

const cases: Record<string, [NamedProvider, dnsNames: string[], ipAddresses?: string[]]> = {
  'the Service, once, though the address names it too': [usual, service],
  'the Service, without an address': [{ ...usual, address: undefined }, service],
  'another address beside the Service': [
    { ...usual, address: 'https://piggy-webhooks.piggy-webhooks.svc:443' },
    [...service, 'piggy-webhooks.piggy-webhooks.svc'],
  ],
  'an IP address': [{ ...usual, address: 'https://10.0.0.1:8443' }, service, ['10.0.0.1']],
  'an IPv6 address, without brackets': [
    { ...usual, address: 'https://[fd00::1]:8443' },
    service,
    ['fd00::1'],
  ],
  'further names and addresses': [
    { ...usual, certificateNames: ['piggy.example', '10.0.0.2'] },
    [...service, 'piggy.example'],
    ['10.0.0.2'],
  ],
};

for (const [name, [given, dnsNames, ipAddresses = []]] of Object.entries(cases)) {
  test(`selects ${name}`, () => {
    assert.deepEqual(selectServingNames(given), { dnsNames, ipAddresses });
  });
}
