// What is decided between the answer of AWS and the values that leave, on answers made up for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, ProviderError } from '../errors.ts';
import { decideGrant, targetOf, type AccessPolicy, type Grant } from './grant.ts';
import { createSecretsReader, type SecretQuestion } from './read-secrets.ts';
import { plainReference } from './reference.ts';
import { CURRENT, type SecretVersion } from './source.ts';
import type { StoredSecret } from './stored-secret.ts';
import { parseSecretString } from './values.ts';

const FOREVER = new AbortController().signal;
const policy: AccessPolicy = {
  rules: [{ name: 'shared', namespaces: ['shop'], secrets: ['shared/*'] }],
  accessDefault: 'namespace',
  prefix: '',
};
const granted: Grant = {
  rule: 'shared',
  role: undefined,
  onlyIfListed: false,
  mayBeAnother: false,
};
const old: SecretVersion = { kind: 'stage', stage: 'AWSPREVIOUS' };
const oldById: SecretVersion = { kind: 'idOrStage', text: 'terraform-20240131235959012300000001' };

type Answers = { readonly name?: string; readonly current: string; readonly previous?: string };

function read(answers: Answers, version: SecretVersion = CURRENT, grant = granted) {
  const source = { kind: 'secretsManager', secretId: 'shared/db', region: 'r', version } as const;
  const question: SecretQuestion = {
    source,
    calledBy: undefined,
    references: [plainReference('A')],
    serviceAccount: { namespace: 'shop', name: 'api' },
    allowListRequired: false,
    policy,
    grant,
  };
  const readSecrets = createSecretsReader({
    readSecretVersion: ({ version: asked }) => {
      const text = asked === CURRENT ? answers.current : answers.previous;
      const target = { kind: 'secret', names: [answers.name ?? 'shared/db'], arn: 'arn' } as const;
      return Promise.resolve({ content: parseSecretString(text ?? ''), target, size: 1 });
    },
    readParameters: () => Promise.reject(new Error('not asked for')),
    readParameter: () => Promise.reject(new Error('not asked for')),
  });
  return readSecrets(question, FOREVER);
}

const open = '{"A":"hunter2"}';
const forOthers = '{"A":"hunter2","PIGGY_ALLOWED_SA":"shop:web"}';
const forUs = '{"A":"hunter2","PIGGY_ALLOWED_SA":"shop:web, shop:api"}';

test('a secret that AWS names as it was asked for is given out', async () => {
  const { values } = await read({ current: open });
  assert.equal(values.get('A')?.reveal(), 'hunter2');
});

const listed: Grant = { ...granted, onlyIfListed: true };
const refusals: Record<string, [code: string, ...Parameters<typeof read>]> = {
  'a secret that AWS names otherwise, beyond the rule': [
    'access_denied',
    { name: 'bank/db', current: open },
  ],
  'a secret that must name the account and says nothing': [
    'access_denied',
    { current: open },
    CURRENT,
    listed,
  ],
  'a secret that names others': ['service_account_not_allowed', { current: forOthers }],
  'an old version that names the account, which is off the list by now': [
    'service_account_not_allowed',
    { previous: forUs, current: forOthers },
    old,
  ],
  'such an old version, by what may be its id': [
    'service_account_not_allowed',
    { previous: forUs, current: forOthers },
    oldById,
  ],
  'an old version that does not name the account yet': [
    'service_account_not_allowed',
    { previous: forOthers, current: forUs },
    old,
  ],
};

for (const [name, [code, ...question]] of Object.entries(refusals)) {
  test(`${name} is refused: ${code}`, async () => {
    await assert.rejects(read(...question), { code });
  });
}

test('an old version is given out where both allow', async () => {
  for (const version of [old, oldById]) {
    const { values } = await read({ previous: forUs, current: forUs }, version);
    assert.equal(values.get('A')?.reveal(), 'hunter2');
  }
});

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shared/db-secret';

/** What is told of a secret by its ARN, under a rule whose name is a prefix of that. */
async function readDoubtful(
  accessDefault: AccessPolicy['accessDefault'],
  answer: () => Promise<StoredSecret>,
) {
  const rules = [{ name: 'one', namespaces: ['shop'], secrets: ['shared/db'] }];
  const doubted: AccessPolicy = { rules, accessDefault, prefix: '' };
  const region = 'eu-west-1';
  const source = { kind: 'secretsManager', secretId: arn, region, version: CURRENT } as const;
  const serviceAccount = { namespace: 'shop', name: 'api' };
  const decision = decideGrant(doubted, serviceAccount, targetOf(source));
  assert.ok(decision.allowed);
  const references = [plainReference('A')];
  const asked = {
    source,
    references,
    calledBy: undefined,
    serviceAccount,
    allowListRequired: false,
  };
  const reader = createSecretsReader({
    readSecretVersion: answer,
    readParameters: () => Promise.reject(new Error('not asked for')),
    readParameter: () => Promise.reject(new Error('not asked for')),
  });
  return reader({ ...asked, policy: doubted, grant: decision.grant }, FOREVER).then(
    () => 'given out',
    (error: unknown) =>
      error instanceof ProviderError ? `${error.code}: ${error.message}` : error,
  );
}

const named = (name: string, full: string) => () => {
  const found = { kind: 'secret', names: [name], arn: full } as const;
  return Promise.resolve({ content: parseSecretString(open), target: found, size: 1 });
};
const failing = (code: ErrorCode) => () => Promise.reject(new ProviderError(code, `AWS: ${code}`));

for (const accessDefault of ['deny', 'namespace'] as const) {
  test(`a rule whose name is a prefix of an ARN does not tell whether there is that secret (${accessDefault})`, async () => {
    const there = await readDoubtful(accessDefault, named('shared/db-secret', `${arn}-AbCdEf`));
    assert.match(String(there), /^access_denied: .*rule one does not cover all secrets/);
    for (const code of ['secret_not_found', 'aws_access_denied'] as const) {
      assert.equal(await readDoubtful(accessDefault, failing(code)), there);
    }
    assert.equal(await readDoubtful(accessDefault, named('shared/db', arn)), 'given out');
    assert.match(
      String(await readDoubtful(accessDefault, failing('aws_throttled'))),
      /^aws_throttled/,
    );
  });
}
