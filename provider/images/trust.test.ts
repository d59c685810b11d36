import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reach } from './addresses.ts';
import type { RegistrySettings } from './registry-settings.ts';
import { narrowReach, selectTrust, type Trust } from './trust.ts';

const PUBLIC = '93.184.216.34';
const PRIVATE = '10.1.2.3';
const url = new URL('https://registry.example/v2/');

const settings: RegistrySettings = {
  allowList: [],
  mirrors: [],
  plainHttpHosts: [],
  skipVerifyHosts: [],
  loopbackHosts: ['registry.example', 'localhost:5000'],
  privateHosts: ['*.s3.eu-west-1.amazonaws.com', 'auth.example:8443', 'git.example:443'],
  certificateAuthorities: new Map(),
  proxy: 'http://proxy.example:3128',
  noProxy: ['inside.example'],
  requestTimeoutMs: 1,
  lookupTimeoutMs: 1,
  tagCacheMs: 1,
};

const trust = (reach: Reach, loopbackAllowed = false): Trust => ({
  ca: undefined,
  skipVerify: false,
  loopbackAllowed,
  reach,
  proxy: undefined,
});

const narrowed: Record<string, [reach: Reach, addresses: string[], expected: Reach]> = {
  'a public registry': ['any', [PUBLIC], 'any'],
  'a private registry': ['any', [PRIVATE, 'fd12::1'], 'private'],
  'a registry with addresses of both kinds, which counts as public': [
    'any',
    [PRIVATE, PUBLIC],
    'any',
  ],
  'a private registry that also names the node': ['any', [PRIVATE, '169.254.1.1'], 'private'],
  'a public target of a public registry': ['public', [PUBLIC], 'public'],
  'a target that also names a private address': ['public', [PUBLIC, PRIVATE], 'public'],
  'a registry that is still private': ['private', [PRIVATE], 'private'],
  'a registry that is not only private any more': ['private', [PUBLIC, PRIVATE], 'private'],
};

for (const [name, [reach, addresses, expected]] of Object.entries(narrowed)) {
  test(`${name} is asked in the reach ${expected}`, () => {
    assert.equal(narrowReach(url, addresses, trust(reach)), expected);
  });
}

const refused: Record<string, [Trust, addresses: string[], code: string, message: RegExp]> = {
  'a private target of a public registry': [
    trust('public'),
    [PRIVATE],
    'registry_not_allowed',
    /^sends on to registry\.example, which has a private address .* PIGGY_REGISTRY_PRIVATE_HOSTS/,
  ],
  'a loopback target of a public registry, though it is listed': [
    trust('public', true),
    ['127.0.0.1'],
    'registry_not_allowed',
    /which has a private address/,
  ],
  'a registry that is public now': [
    trust('private'),
    [PUBLIC],
    'registry_unavailable',
    /moved from a private address to a public one/,
  ],
  'the node': [trust('any'), ['169.254.169.254'], 'registry_not_allowed', /link-local/],
  'a name without an address': [trust('any'), [], 'registry_not_allowed', /link-local/],
};

for (const [name, [given, addresses, code, message]] of Object.entries(refused)) {
  test(`${name} is refused`, () => {
    assert.throws(() => narrowReach(url, addresses, given), { code, message });
  });
}

const selected: Record<string, [text: string, reach: Reach, expected: Partial<Trust>]> = {
  'storage that the operator listed': [
    'https://layers.s3.eu-west-1.amazonaws.com/x',
    'public',
    { reach: 'any' },
  ],
  'storage elsewhere': [
    'https://layers.s3.eu-west-2.amazonaws.com/x',
    'public',
    { reach: 'public' },
  ],
  'a host that is listed with its port': [
    'https://auth.example:8443/token',
    'public',
    { reach: 'any' },
  ],
  'that host at another port': ['https://auth.example/token', 'public', { reach: 'public' }],
  'a host that is listed with the port that goes without saying': [
    'https://git.example/token',
    'public',
    { reach: 'any' },
  ],
  'a listed host that only private addresses may be asked of': [
    'https://git.example/token',
    'private',
    { reach: 'private' },
  ],
  'a listed loopback host': [
    'http://localhost:5000/v2/',
    'public',
    { reach: 'public', loopbackAllowed: true, proxy: undefined },
  ],
  'a host behind the proxy': ['https://ghcr.io/v2/', 'any', { proxy: settings.proxy }],
  'a host that the proxy is not asked for': [
    'https://inside.example/v2/',
    'any',
    { proxy: undefined },
  ],
};

const isProxied = ({ hostname }: URL) => !settings.noProxy.includes(hostname);

for (const [name, [text, reach, expected]] of Object.entries(selected)) {
  test(`${name} is connected to as its settings say`, () => {
    const question = { url: new URL(text), skipVerify: false, reach };
    assert.partialDeepStrictEqual(selectTrust(question, settings, isProxied), expected);
  });
}
