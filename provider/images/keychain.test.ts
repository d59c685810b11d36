import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDockerConfig } from './docker-config.ts';
import { selectCredentials } from './keychain.ts';
import { parseImageReference } from './reference.ts';

const selectFor = (
  image: string,
  ...configs: readonly (readonly string[])[]
): readonly string[] => {
  const sourced = configs.map((keys, index) => ({
    source: `secret ${index}`,
    config: {
      namesHelper: false,
      isTooLong: false,
      entries: keys.map((key) => ({
        key,
        credential: { kind: 'basic', username: key, password: 'p' } as const,
      })),
    },
  }));
  return selectCredentials(sourced, parseImageReference(image)).map(({ source, credential }) => {
    const username = credential.kind === 'basic' ? credential.username : '';
    return configs.length === 1 ? username : `${source}: ${username}`;
  });
};

// After kubernetes/pkg/credentialprovider/keyring_test.go.
const cases: Record<string, [keys: string[], image: string, expected: string[]]> = {
  'a host': [['registry.example'], 'registry.example/team/app', ['registry.example']],
  'a host with scheme': [
    ['https://registry.example'],
    'registry.example/app',
    ['https://registry.example'],
  ],
  'a host with plain scheme': [
    ['http://registry.example/'],
    'registry.example/app',
    ['http://registry.example/'],
  ],
  'a URL of API version 1': [
    ['https://registry.example/v1/'],
    'registry.example/app',
    ['https://registry.example/v1/'],
  ],
  'a URL of API version 2': [
    ['https://registry.example/v2/'],
    'registry.example/app',
    ['https://registry.example/v2/'],
  ],
  'a path after the version': [
    ['registry.example/v1/team'],
    'registry.example/team/app',
    ['registry.example/v1/team'],
  ],
  'a version without a slash is a path': [['registry.example/v1'], 'registry.example/app', []],
  'another host': [['registry.example'], 'other.example/app', []],
  'the same port': [
    ['registry.example:5000'],
    'registry.example:5000/app',
    ['registry.example:5000'],
  ],
  'another port': [['registry.example:5000'], 'registry.example:5001/app', []],
  'a port that goes without saying is another one': [
    ['registry.example:443'],
    'registry.example/app',
    [],
  ],
  'a path': [['registry.example/team'], 'registry.example/team/app', ['registry.example/team']],
  'a path is a prefix of text': [
    ['registry.example/te'],
    'registry.example/team/app',
    ['registry.example/te'],
  ],
  'another path': [['registry.example/team'], 'registry.example/other/app', []],
  'a glob': [['*.registry.example'], 'eu.registry.example/app', ['*.registry.example']],
  'a glob with a path': [['*.example/team'], 'registry.example/team/app', ['*.example/team']],
  'a glob is not one in a path': [['registry.example/*'], 'registry.example/team/app', []],
  'the more specific path first': [
    ['registry.example', 'registry.example/team/app', 'registry.example/team'],
    'registry.example/team/app',
    ['registry.example/team/app', 'registry.example/team', 'registry.example'],
  ],
  'a name before a glob': [
    ['*.example', 'registry.example'],
    'registry.example/app',
    ['registry.example', '*.example'],
  ],
  'Docker Hub as docker login writes it': [
    ['https://index.docker.io/v1/'],
    'nginx',
    ['https://index.docker.io/v1/'],
  ],
  'Docker Hub by its short name': [['docker.io'], 'team/app', ['docker.io']],
  'Docker Hub with an organisation': [['docker.io/team'], 'docker.io/team/app', ['docker.io/team']],
  'Docker Hub: what matches comes before the default': [
    ['https://index.docker.io/v1/', 'docker.io'],
    'nginx',
    ['docker.io'],
  ],
  'Docker Hub credentials go nowhere else': [['https://index.docker.io/v1/'], 'ghcr.io/nginx', []],
  'a key that is no URL is skipped': [
    ['', '///', 'registry.example'],
    'registry.example/app',
    ['registry.example'],
  ],
};

for (const [name, [keys, image, expected]] of Object.entries(cases)) {
  test(`selects by ${name}`, () => {
    assert.deepEqual(selectFor(image, keys), expected);
  });
}

test('several secrets are one keychain: the most specific entry first, equal ones in their order', () => {
  const selected = selectFor(
    'registry.example/team/app',
    ['registry.example'],
    ['registry.example/team', 'registry.example'],
  );
  assert.deepEqual(selected, [
    'secret 1: registry.example/team',
    'secret 0: registry.example',
    'secret 1: registry.example',
  ]);
});

test('any keys are matched or not, and never fail', () => {
  const unit = fc.constantFrom(...Array.from('a.:/*?[]^-@#% https://'));
  const keys = fc.array(fc.oneof(fc.string(), fc.string({ unit, maxLength: 40 })));
  fc.assert(
    fc.property(keys, (some) => {
      selectFor('registry.example/team/app', some);
    }),
  );
});

test('a hostile docker config of 100 kB is matched at once', () => {
  const auths = {
    ['*['.repeat(25_000)]: { auth: 'YTpi' },
    [`https://${'/'.repeat(50_000)}`]: { auth: 'YTpi' },
  };
  const config = parseDockerConfig(JSON.stringify({ auths }));
  assert.ok(config);
  const started = performance.now();
  selectCredentials([{ source: 's', config }], parseImageReference('registry.example/app'));
  assert.ok(performance.now() - started < 500);
});
