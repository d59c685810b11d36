// The vectors of kubernetes v1.34.4, pkg/credentialprovider/keyring_test.go, retyped case by case.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockercfg } from './docker-config.ts';
import { selectCredentials } from './keychain.ts';
import { parseImageReference, type ImageReference } from './reference.ts';

const AUTH = Buffer.from('foo:bar').toString('base64');

/** As the kubelet's tests name images: some of them are no valid references, so they are split and not parsed. */
const located = (name: string): ImageReference => {
  const [registry = '', ...path] = name.split('/');
  return { registry, repository: path.join('/'), target: { tag: 'latest' } };
};

/** The keys of the entries that are tried, in their order. */
function select(keys: readonly string[], reference: ImageReference): readonly string[] {
  const configs = keys.map((key) => {
    const config = parseDockercfg(JSON.stringify({ [key]: { email: 'foo@bar.baz', auth: AUTH } }));
    assert.ok(config);
    return { source: key, config };
  });
  return selectCredentials(configs, reference).map(({ source }) => source);
}

const urls: [glob: string, target: string, expected: boolean][] = [
  ['*.kubernetes.io', 'prefix.kubernetes.io', true],
  ['prefix.*.io', 'prefix.kubernetes.io', true],
  ['prefix.kubernetes.*', 'prefix.kubernetes.io', true],
  ['*-good.kubernetes.io', 'prefix-good.kubernetes.io', true],
  ['*.kubernetes.io/blah', 'prefix.kubernetes.io/blah', true],
  ['prefix.*.io/foo', 'prefix.kubernetes.io/foo/bar', true],
  ['*.kubernetes.io:1111/blah', 'prefix.kubernetes.io:1111/blah', true],
  ['prefix.*.io:1111/foo', 'prefix.kubernetes.io:1111/foo/bar', true],
  ['*.kubernetes.io', 'kubernetes.io', false],
  ['*.*.kubernetes.io', 'prefix.kubernetes.io', false],
  ['*.*.kubernetes.io', 'kubernetes.io', false],
  ['*kubernetes.io', 'a.kubernetes.io', false],
  ['*kubernetes.io', 'kubernetes.io', true],
  ['*.*.*.kubernetes.io', 'a.b.c.kubernetes.io', true],
  ['kubernetes.io', 'kubernetes.com', false],
  ['k*.io', 'quay.io', false],
  ['*.kubernetes.io:1234/blah', 'prefix.kubernetes.io:1111/blah', false],
  ['prefix.*.io/foo', 'prefix.kubernetes.io:1111/foo/bar', false],
];

for (const [glob, target, expected] of urls) {
  test(`TestURLsMatch: ${glob} ${expected ? 'matches' : 'does not match'} ${target}`, () => {
    assert.equal(select([glob], located(target)).length, expected ? 1 : 0);
  });
}

const hits: [key: string, target: string][] = [
  ['https://hello.kubernetes.io', 'hello.kubernetes.io'],
  ['https://*.docker.io', 'prefix.docker.io'],
  ['https://prefix.*.io', 'prefix.docker.io'],
  ['https://prefix.docker.*', 'prefix.docker.io'],
  ['https://*.docker.io/path', 'prefix.docker.io/path'],
  ['https://prefix.*.io/path', 'prefix.docker.io/path/subpath'],
  ['https://prefix.docker.*/path', 'prefix.docker.io/path'],
  ['https://*.docker.io:8888', 'prefix.docker.io:8888'],
  ['https://prefix.*.io:8888', 'prefix.docker.io:8888'],
  ['https://prefix.docker.*:8888', 'prefix.docker.io:8888'],
  ['https://*.docker.io/path:1111', 'prefix.docker.io/path:1111'],
  ['https://*.docker.io/v1/', 'prefix.docker.io/path:1111'],
  ['https://*.docker.io/v2/', 'prefix.docker.io/path:1111'],
  ['https://prefix.docker.*/path:1111', 'prefix.docker.io/path:1111'],
  ['prefix.docker.io:1111', 'prefix.docker.io:1111/path'],
  ['*.docker.io:1111', 'prefix.docker.io:1111/path'],
];

for (const [key, target] of hits) {
  test(`TestDockerKeyringForGlob: ${key} is for ${target}/foo/bar`, () => {
    assert.deepEqual(select([key], located(`${target}/foo/bar`)), [key]);
  });
}

const misses: [key: string, target: string][] = [
  ['https://hello.kubernetes.io', 'world.mesos.org/foo/bar'],
  ['https://*.docker.com', 'prefix.docker.io'],
  ['https://suffix.*.io', 'prefix.docker.io'],
  ['https://prefix.docker.c*', 'prefix.docker.io'],
  ['https://prefix.*.io/path:1111', 'prefix.docker.io/path/subpath:1111'],
  ['suffix.*.io', 'prefix.docker.io'],
];

for (const [key, target] of misses) {
  test(`TestKeyringMiss: ${key} is not for ${target}/foo/bar`, () => {
    assert.deepEqual(select([key], located(`${target}/foo/bar`)), []);
  });
}

// Every image goes through the grammar before: the kubelet looks credentials up by the normalised name too.
const HUB = 'https://index.docker.io/v1/';
const hub: Record<string, [image: string, expected: boolean]> = {
  'TestKeyringMissWithDockerHubCredentials: another registry': ['world.mesos.org/foo/bar', false],
  TestKeyringHitWithUnqualifiedDockerHub: ['google/docker-registry', true],
  TestKeyringHitWithUnqualifiedLibraryDockerHub: ['jenkins', true],
  TestKeyringHitWithQualifiedDockerHub: ['index.docker.io/google/docker-registry', true],
  'TestIsDefaultRegistryMatch: foo/bar': ['foo/bar', true],
  'TestIsDefaultRegistryMatch: docker.io/foo/bar': ['docker.io/foo/bar', true],
  'TestIsDefaultRegistryMatch: index.docker.io/foo/bar': ['index.docker.io/foo/bar', true],
  'TestIsDefaultRegistryMatch: foo': ['foo', true],
  'TestIsDefaultRegistryMatch: registry.tld/foo/bar': ['registry.tld/foo/bar', false],
  'TestIsDefaultRegistryMatch: registry:5000/foo/bar': ['registry:5000/foo/bar', false],
  'TestIsDefaultRegistryMatch: myhostdocker.io/foo/bar': ['myhostdocker.io/foo/bar', false],
  // The kubelet would send Docker Hub's password to this host: its rule asks for a dot or a port.
  'unlike the kubelet: localhost': ['localhost/foo', false],
};

for (const [name, [image, expected]] of Object.entries(hub)) {
  test(`${name} is ${expected ? '' : 'not '}given the credentials of Docker Hub`, () => {
    assert.deepEqual(select([HUB], parseImageReference(image)), expected ? [HUB] : []);
  });
}

const [GRACE, ADA] = ['bar.example.com/pong', 'bar.example.com'];
const lookups: Record<string, readonly string[]> = {
  'bar.example.com': [ADA],
  'bar.example.com/pong': [GRACE, ADA],
  'bar.example.com/ping': [ADA],
  'bar.example.com/pongz': [GRACE, ADA],
  'bar.example.com/pong/pang': [GRACE, ADA],
  'example.com': [],
  'foo.example.com': [],
};

for (const [image, expected] of Object.entries(lookups)) {
  test(`TestDockerKeyringLookup: ${image} finds ${expected.length} entries`, () => {
    assert.deepEqual(select([ADA, GRACE], located(image)), expected);
  });
}

for (const image of ['quay.io', 'quay.io/foo', 'quay.io/foo/bar']) {
  test(`TestIssue3797: https://quay.io/v1/ is for ${image}`, () => {
    assert.deepEqual(select(['https://quay.io/v1/'], located(image)), ['https://quay.io/v1/']);
  });
}
