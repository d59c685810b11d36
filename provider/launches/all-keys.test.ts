// All keys of a source: who may ask for them (check 6), and what is answered.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EnvEntry, PodContainer } from '../kubernetes/pods.ts';
import { parseReference } from '../secrets/reference.ts';
import type { ReadSources } from '../secrets/read-sources.ts';
import { startAws, type Aws } from '../testing/aws.ts';
import { createStandInReader } from '../testing/aws-sources.ts';
import { launchContainer } from '../testing/container-launch.ts';
import { decideReferences } from './decide-launch.ts';

const literal = (name: string, value: string): EnvEntry => ({
  name,
  value,
  mayHoldReference: false,
});
const app: PodContainer = {
  name: 'app',
  command: ['/piggy/piggy-env'],
  args: ['--', '/app'],
  env: [],
  hasEnvFrom: false,
  state: { kind: 'unknown' },
  isDue: true,
};

const asked: Record<
  string,
  [env: readonly EnvEntry[], hasEnvFrom: boolean, references: readonly string[], outcome: string]
> = {
  'all keys of what the Pod lists are answered': [
    [literal('PIGGY_ENV_FROM', 'secret:shop/a, secret:shop/b?prefix=B_')],
    false,
    ['all:secret:shop/b?prefix=B_', 'all:secret:shop/a'],
    'allowed',
  ],
  'all keys of what the Pod does not list are not, although it could hide references': [
    [literal('PIGGY_ENV_FROM', 'secret:shop/a')],
    true,
    ['all:secret:shop/b'],
    'reference_not_in_spec',
  ],
  'all keys of a source that is listed in other words are not': [
    [literal('PIGGY_ENV_FROM', 'secret:shop/a?prefix=A_')],
    true,
    ['all:secret:shop/a'],
    'reference_not_in_spec',
  ],
  'all keys of what a variable names are not': [
    [literal('B', 'piggy:all:secret:shop/b')],
    false,
    ['all:secret:shop/b'],
    'reference_not_in_spec',
  ],
  'a key of a source of which all are listed is not answered alone': [
    [literal('PIGGY_ENV_FROM', 'secret:shop/a')],
    false,
    ['secret:shop/a#A'],
    'reference_not_in_spec',
  ],
};

for (const [name, [env, hasEnvFrom, texts, expected]] of Object.entries(asked)) {
  test(`check 6: ${name}`, () => {
    const decision = decideReferences({ ...app, env, hasEnvFrom }, texts.map(parseReference));
    assert.equal(decision.allowed ? 'allowed' : decision.code, expected);
  });
}

let aws: Aws;
let readSources: ReadSources;

before(async () => {
  aws = await startAws();
  readSources = createStandInReader(aws);
  aws.putSecret('shop/api', '{"A":"own","db":{"hosts":["h0","h1"]}}');
  aws.putSecret('shop/listed', '{"A":"1","PIGGY_ALLOWED_SA":"shop:web"}');
});
after(() => aws.stop());

function launch(
  texts: readonly string[],
  { settings }: { readonly settings: Readonly<Record<string, string>> },
) {
  const access = { rules: [], accessDefault: 'namespace', prefix: '' } as const;
  return launchContainer(texts, { read: readSources, access, settings });
}

test('all keys of a source are answered as the text of a JSON object, without those of ours', async () => {
  aws.putSecret('shop/all', '{"A":"1","n":1e400,"__proto__":"p","PIGGY_ALLOWED_SA":"shop:api"}');
  aws.putSecret('shop/text', 'plain');
  const list = [
    '.?prefix=OWN_',
    'secret:shop/all',
    'secret:shop/text?optional',
    'secret:shop/gone?optional',
  ];
  const settings = { PIGGY_ENV_FROM: list.join(', ') };
  const { outcome, facts } = await launch(
    [...list.map((one) => `all:${one}`), 'secret:shop/all#A'],
    { settings },
  );
  assert.ok('values' in outcome);
  assert.deepEqual(outcome.values, {
    'all:.?prefix=OWN_': '{"A":"own","db":"{\\"hosts\\":[\\"h0\\",\\"h1\\"]}"}',
    'all:secret:shop/all': '{"A":"1","n":"1e400","__proto__":"p"}',
    'secret:shop/all#A': '1',
  });
  assert.deepEqual(outcome.missing, [
    'all:secret:shop/text?optional',
    'all:secret:shop/gone?optional',
  ]);
  assert.deepEqual(
    facts.sources?.map(({ secretId, wholeSecret }) => [secretId, wholeSecret]),
    [
      ['shop/api', true],
      ['shop/all', true],
      ['shop/text', true],
      ['shop/gone', true],
    ],
  );
});

test('all keys of a source that does not list the account are given to nobody', async () => {
  const settings = { PIGGY_ENV_FROM: 'secret:shop/listed' };
  const { outcome } = await launch(['all:secret:shop/listed'], { settings });
  assert.equal('code' in outcome && outcome.code, 'service_account_not_allowed');
});
