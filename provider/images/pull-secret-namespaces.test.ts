// Whose pull secrets an author may have read: their own namespace's where that is switched on, another one's where it is shared.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PullSecret } from '../kubernetes/pull-secrets.ts';
import { createPullSecret, withSecrets } from '../testing/registry-reader.ts';
import { readCredentials } from './read-credentials.ts';
import { parseImageReference } from './reference.ts';
import type { PullSecretNamespaces } from './registry-settings.ts';

const signal = new AbortController().signal;
const reference = parseImageReference('registry.example/team/app:v1');

const dockerConfig = (config: unknown): PullSecret => ({
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') },
});

const entries = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`r${i}.example`, { username: 'u', password: 'p' }]),
  );

const secrets: Record<string, PullSecret> = {
  fitting: createPullSecret('registry.example', 'user', 'canary-6b1f'),
  'of-another-registry': createPullSecret('other.example', 'user', 'canary-6b1f'),
  opaque: { type: 'Opaque', data: {} },
  broken: dockerConfig('none'),
  empty: dockerConfig({}),
  'left-to-a-helper': dockerConfig({ credsStore: 'desktop' }),
  'far-too-long': dockerConfig({ auths: entries(501) }),
  long: dockerConfig({ auths: { ...entries(499), 'registry.example': entries(1)['r0.example'] } }),
};

type Settings = { own: PullSecretNamespaces; shared: PullSecretNamespaces };

/** Of a Pod in the namespace shop: the sources of the credentials, and the notes. */
async function read(namespace: string, name: string, { own, shared }: Settings) {
  const asked: string[] = [];
  const known = withSecrets(
    Object.fromEntries(
      Object.entries(secrets).map(([key, secret]) => [`${namespace}/${key}`, secret]),
    ),
  );
  const { candidates, notes } = await readCredentials(
    {
      readSecret: (...where) => {
        asked.push(`${where[0]}/${where[1]}`);
        return known.readSecret(...where);
      },
      pullSecretNamespaces: own,
      sharedPullSecretNamespaces: shared,
      dockerConfig: () => undefined,
      ecr: undefined,
    },
    { reference, pullSecrets: [{ namespace, name }], asker: { namespace: 'shop' } },
    signal,
  );
  const sources = candidates.map(({ source }) => source).filter((text) => text !== 'anonymous');
  return { asked, sources, notes };
}

const NONE: Settings = { own: 'none', shared: 'none' };

const allowed: Record<string, [namespace: string, settings: Settings]> = {
  "its own namespace's, which is listed": ['shop', { ...NONE, own: ['shop'] }],
  "its own namespace's, where all are": ['shop', { ...NONE, own: 'all' }],
  "another namespace's, which is shared": ['infra', { ...NONE, shared: ['infra'] }],
  "another namespace's, where all are shared": ['infra', { ...NONE, shared: 'all' }],
};

for (const [name, [namespace, settings]] of Object.entries(allowed)) {
  test(`a Pod may use a pull secret of ${name}`, async () => {
    const { sources, notes } = await read(namespace, 'fitting', settings);
    assert.deepEqual(sources, [`pull secret ${namespace}/fitting`]);
    assert.deepEqual(notes, []);
  });
}

const refused: Record<string, [namespace: string, settings: Settings, note: RegExp]> = {
  "another namespace's, though that one's own Pods may": [
    'infra',
    { ...NONE, own: ['shop', 'infra'] },
    /^pull secret infra\/fitting was not read: Pods of other namespaces may not use those of infra \(PIGGY_SHARED_PULL_SECRET_NAMESPACES\)$/,
  ],
  "another namespace's, though all may use their own": [
    'infra',
    { ...NONE, own: 'all' },
    /PIGGY_SHARED_PULL_SECRET_NAMESPACES/,
  ],
  "another namespace's, where a third one is shared": [
    'infra',
    { own: 'all', shared: ['registry'] },
    /PIGGY_SHARED_PULL_SECRET_NAMESPACES/,
  ],
  "its own namespace's, which is only shared": [
    'shop',
    { ...NONE, shared: ['shop'] },
    /reading pull secrets is switched off \(PIGGY_PULL_SECRET_NAMESPACES\)/,
  ],
};

for (const [name, [namespace, settings, note]] of Object.entries(refused)) {
  test(`a Pod may not use a pull secret of ${name}, nor is it read`, async () => {
    const { asked, sources, notes } = await read(namespace, 'fitting', settings);
    assert.deepEqual([asked, sources], [[], []]);
    assert.match(notes.join(), note);
  });
}

test("of another namespace's pull secrets that give nothing, all are told in one text", async () => {
  const useless = [
    'absent',
    ...Object.keys(secrets).filter((name) => !/^(fitting|long)$/.test(name)),
  ];
  assert.equal(useless.length, 7);
  const told = await Promise.all(
    useless.map(async (name) => {
      const { notes } = await read('infra', name, { ...NONE, shared: ['infra'] });
      return notes.join().replace(name, 'NAME');
    }),
  );
  assert.deepEqual(
    [...new Set(told)],
    [
      'pull secret infra/NAME of another namespace is missing, holds no docker config, or has no password for registry.example/team/app',
    ],
  );
});

const own: Record<string, RegExp> = {
  absent: /does not exist$/,
  opaque: /holds no docker config$/,
  'of-another-registry': /has no entry for registry\.example\/team\/app$/,
  'left-to-a-helper': /leaves the password to a credential helper/,
  'far-too-long': /has more than 500 entries, which are not read; leave those that the Pod needs$/,
};

for (const [name, note] of Object.entries(own)) {
  test(`of its own namespace a Pod is told why the pull secret ${name} gives nothing`, async () => {
    const { notes } = await read('shop', name, { ...NONE, own: ['shop'] });
    assert.match(notes.join(), note);
  });
}

test('a pull secret with as many entries as are read is read', async () => {
  const { sources } = await read('shop', 'long', { ...NONE, own: ['shop'] });
  assert.deepEqual(sources, ['pull secret shop/long']);
});
