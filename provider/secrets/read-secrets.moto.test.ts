// Both AWS clients and read-secrets against moto.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient, type ParameterType } from '@aws-sdk/client-ssm';
import { startMoto, whyNoMoto, type Moto } from '../testing/moto.ts';
import type { AccessPolicy } from './grant.ts';
import {
  createNamedParametersClient,
  createParameterStoreClient,
} from './parameter-store-client.ts';
import { createSourcesReader, type ReadSources } from './read-sources.ts';
import { createSecretsManagerClient } from './secrets-manager-client.ts';
import { plainReference } from './reference.ts';
import { CURRENT, type SecretSource, type SecretVersion } from './source.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.log(`skipped: ${reason}`);
const options = { skip: reason ?? false };

const REGION = 'eu-west-1';
const FOREVER = new AbortController().signal;
const api = { namespace: 'shop', name: 'api' };

let moto: Moto;
let secretsManager: SecretsManagerClient;
let parameterStore: SSMClient;
let readSources: ReadSources;

before(async () => {
  if (reason !== undefined) return;
  moto = await startMoto();
  const endpoint = moto.url;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  secretsManager = new SecretsManagerClient({ region: REGION, endpoint, credentials });
  parameterStore = new SSMClient({ region: REGION, endpoint, credentials });
  const timeouts = { connectionTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const client = { credentials: () => Promise.resolve(credentials), endpoint, ...timeouts };
  readSources = createSourcesReader({
    readSecretVersion: createSecretsManagerClient(client),
    readParameters: createParameterStoreClient(client),
    readNamedParameters: createNamedParametersClient(client),
  });
});
after(async () => {
  if (reason === undefined) await moto.stop();
});

type Secret = { readonly SecretString: string } | { readonly SecretBinary: Uint8Array };

/** A new secret; answers its name and ARN. */
async function createSecret(content: Secret): Promise<{ name: string; arn: string; id: string }> {
  const name = `shop/${randomUUID()}`;
  const created = await secretsManager.send(new CreateSecretCommand({ Name: name, ...content }));
  return { name, arn: created.ARN ?? '', id: created.VersionId ?? '' };
}

const policy: AccessPolicy = { rules: [], accessDefault: 'allow', prefix: '' };
const grant = { rule: 'default allow', role: undefined, onlyIfListed: false, mayBeAnother: false };

type Asked = { version?: SecretVersion; allowListRequired?: boolean; region?: string };

function readValues(secretId: string, references: string[], asked: Asked = {}) {
  const { version = CURRENT, allowListRequired = false, region = REGION } = asked;
  const source = { kind: 'secretsManager', secretId, region, version } as const;
  return ask(source, references, allowListRequired);
}

function readParameters(path: string, references: string[], allowListRequired = false) {
  const source = { kind: 'parameterStore', path, region: REGION } as const;
  return ask(source, references, allowListRequired);
}

async function ask(source: SecretSource, written: readonly string[], allowListRequired: boolean) {
  const references = written.map(plainReference);
  const asker = { serviceAccount: api, allowListRequired, policy, grant };
  const question = { source, references, calledBy: undefined, ...asker };
  const context = { signal: FOREVER, observeAccess: () => undefined };
  return reveal(await readSources([question], context));
}

function reveal({ values, missing }: Awaited<ReturnType<ReadSources>>) {
  return { values: Object.fromEntries([...values].map(([k, v]) => [k, v.reveal()])), missing };
}

const PEM = '-----BEGIN KEY-----\nabc\n-----END KEY-----\n';
const LONG = 'x'.repeat(60_000);

const json: Record<string, [written: string, values: Record<string, string>]> = {
  'a string': ['{"PASSWORD":"hunter2"}', { PASSWORD: 'hunter2' }],
  'numbers as written': ['{"PORT":5432,"FAR":1e400}', { PORT: '5432', FAR: '1e400' }],
  'booleans and null': ['{"ON":true,"OFF":null}', { ON: 'true', OFF: '' }],
  'nested values': ['{"db":{"password":"x"}}', { 'db.password': 'x', db: '{"password":"x"}' }],
  'letters outside ASCII': ['{"schlüssel":"grüße € 🐷"}', { schlüssel: 'grüße € 🐷' }],
  'several lines': [JSON.stringify({ PEM }), { PEM }],
  'a value of nearly 64 KB': [JSON.stringify({ LONG }), { LONG }],
  'keys with dots and dashes': ['{"tls.crt":"C","a-b":"D"}', { 'tls.crt': 'C', 'a-b': 'D' }],
  'plain text, whole': ['hunter2', { '.': 'hunter2' }],
  'an object, whole': [' {"A": 1e2}\n', { '.': ' {"A": 1e2}\n', A: '1e2' }],
};

for (const [name, [SecretString, values]] of Object.entries(json)) {
  test(`a secret gives out ${name}`, options, async () => {
    const secret = await createSecret({ SecretString });
    const expected = { values, missing: [] };
    assert.deepEqual(await readValues(secret.name, Object.keys(values)), expected);
    assert.deepEqual(await readValues(secret.arn, Object.keys(values)), expected);
  });
}

test('a secret of bytes is given out in base64', options, async () => {
  const { name } = await createSecret({ SecretBinary: Buffer.from([0, 1, 2, 255]) });
  assert.deepEqual((await readValues(name, ['.'])).values, { '.': 'AAEC/w==' });
});

test('a key that is not there is missing', options, async () => {
  const { name } = await createSecret({ SecretString: '{"A":"1"}' });
  assert.deepEqual(await readValues(name, ['A', 'B']), { values: { A: '1' }, missing: ['B'] });
});

test('a secret that does not exist is not found', options, async () => {
  await assert.rejects(readValues('shop/absent', ['A']), {
    code: 'secret_not_found',
    message: /secret shop\/absent in eu-west-1/,
  });
});

test('a secret of another region is not found', options, async () => {
  const { name } = await createSecret({ SecretString: '{"A":"1"}' });
  await assert.rejects(readValues(name, ['A'], { region: 'us-east-1' }), {
    code: 'secret_not_found',
  });
});

test('a secret that is marked for deletion is not found', options, async () => {
  const { name } = await createSecret({ SecretString: '{"A":"1"}' });
  await secretsManager.send(new DeleteSecretCommand({ SecretId: name }));
  await assert.rejects(readValues(name, ['A']), { code: 'secret_not_found' });
});

test('each version is read, by its id and by its stage', options, async () => {
  const { name, id } = await createSecret({ SecretString: '{"A":"old"}' });
  await secretsManager.send(
    new PutSecretValueCommand({ SecretId: name, SecretString: '{"A":"new"}' }),
  );
  const read = async (version: SecretVersion) =>
    (await readValues(name, ['A'], { version })).values;
  assert.deepEqual(await read(CURRENT), { A: 'new' });
  assert.deepEqual(await read({ kind: 'stage', stage: 'AWSPREVIOUS' }), { A: 'old' });
  assert.deepEqual(await read({ kind: 'idOrStage', text: id }), { A: 'old' });
  const absent = { kind: 'stage', stage: 'NEVER' } as const;
  await assert.rejects(read(absent), { code: 'secret_not_found' });
});

test(
  'a version of 32 to 64 characters is read by its id, else by its staging label',
  options,
  async () => {
    const { name: SecretId } = await createSecret({ SecretString: '{"A":"first"}' });
    const put = async (value: string, ClientRequestToken: string, label = 'AWSCURRENT') => {
      const SecretString = JSON.stringify({ A: value });
      const VersionStages = [label];
      const input = { SecretId, SecretString, ClientRequestToken, VersionStages };
      await secretsManager.send(new PutSecretValueCommand(input));
    };
    const label = 'the-release-of-the-last-day-of-january';
    await put('terraform', 'terraform-20240131235959012300000001');
    await put('digits', '0123456789abcdef0123456789abcdef', label);
    await put('last', randomUUID());
    const read = async (text: string) =>
      (await readValues(SecretId, ['A'], { version: { kind: 'idOrStage', text } })).values;
    assert.deepEqual(await read('terraform-20240131235959012300000001'), { A: 'terraform' });
    assert.deepEqual(await read('0123456789abcdef0123456789abcdef'), { A: 'digits' });
    assert.deepEqual(await read(label), { A: 'digits' });
    await assert.rejects(read('x'.repeat(32)), { code: 'secret_not_found' });
  },
);

const lists: Record<string, [old: object, current: object, required: boolean, allowed: boolean]> = {
  'both versions name the account': [
    { PIGGY_ALLOWED_SA: 'shop:api' },
    { PIGGY_ALLOWED_SA: 'shop:api' },
    true,
    true,
  ],
  'only the old one names it': [
    { PIGGY_ALLOWED_SA: 'shop:api' },
    { PIGGY_ALLOWED_SA: 'shop:web' },
    false,
    false,
  ],
  'only the current one names it': [
    { PIGGY_ALLOWED_SA: 'shop:web' },
    { PIGGY_ALLOWED_SA: 'shop:api' },
    false,
    false,
  ],
  'the current one has a list without it': [{}, { PIGGY_ALLOWED_SA: 'shop:web' }, false, false],
  'the current one has a list with it': [{}, { PIGGY_ALLOWED_SA: 'shop:api' }, false, true],
  'the old one has no list, and one is required': [
    {},
    { PIGGY_ALLOWED_SA: 'shop:api' },
    true,
    false,
  ],
  'neither has a list': [{}, {}, false, true],
};

for (const [name, [old, current, allowListRequired, allowed]] of Object.entries(lists)) {
  test(`an old version is ${allowed ? 'given out' : 'refused'} when ${name}`, options, async () => {
    const write = (list: object) => JSON.stringify({ A: '1', ...list });
    const { name: secretId } = await createSecret({ SecretString: write(old) });
    await secretsManager.send(
      new PutSecretValueCommand({ SecretId: secretId, SecretString: write(current) }),
    );
    const version = { kind: 'stage', stage: 'AWSPREVIOUS' } as const;
    const read = readValues(secretId, ['A'], { version, allowListRequired });
    if (allowed) assert.deepEqual((await read).values, { A: '1' });
    else await assert.rejects(read, { code: 'service_account_not_allowed' });
  });
}

async function putParameter(Name: string, Value: string, Type: ParameterType = 'String') {
  await parameterStore.send(new PutParameterCommand({ Name, Value, Type }));
}

test('parameters of several pages, decrypted, are given out', options, async () => {
  for (let index = 0; index < 21; index += 1) await putParameter(`/many/KEY_${index}`, `${index}`);
  await putParameter('/many/deep/PASSWORD', 'hunter2', 'SecureString');
  await putParameter('/many/HOSTS', 'a,b', 'StringList');
  const { values, missing } = await readParameters('/many', [
    'KEY_0',
    'KEY_20',
    'PASSWORD',
    'HOSTS',
    'deep',
  ]);
  assert.deepEqual(values, { KEY_0: '0', KEY_20: '20', PASSWORD: 'hunter2', HOSTS: 'a,b' });
  assert.deepEqual(missing, ['deep']);
});

test('a key that two parameters share is refused when it is referred to', options, async () => {
  await putParameter('/twice/a/PORT', '1');
  await putParameter('/twice/b/PORT', '2');
  await putParameter('/twice/HOST', 'h');
  assert.deepEqual((await readParameters('/twice', ['HOST'])).values, { HOST: 'h' });
  await assert.rejects(readParameters('/twice', ['HOST', 'PORT']), { code: 'ambiguous_parameter' });
});

test('a path without parameters is not found', options, async () => {
  await putParameter('/pathology/A', '1');
  await assert.rejects(readParameters('/path', ['A']), { code: 'secret_not_found' });
});

test('a segment of two dots is a name like any other, and leads nowhere', options, async () => {
  await putParameter('/dots/A', '1');
  await putParameter('/dots/inner/../A', '2');
  assert.deepEqual((await readParameters('/dots/inner/..', ['A'])).values, { A: '2' });
  await assert.rejects(readParameters('/dots/other/..', ['A']), { code: 'secret_not_found' });
});

test('the allow-list of a parameter path is the parameter PIGGY_ALLOWED_SA', options, async () => {
  await putParameter('/listed/A', '1');
  await assert.rejects(readParameters('/listed', ['A'], true), {
    code: 'service_account_not_allowed',
    message: /parameter path \/listed has no PIGGY_ALLOWED_SA.*shop:api/,
  });
  await putParameter('/listed/PIGGY_ALLOWED_SA', 'shop:api', 'StringList');
  assert.deepEqual((await readParameters('/listed', ['A'], true)).values, { A: '1' });
  await putParameter('/listed/deep/PIGGY_ALLOWED_SA', 'shop:web');
  await assert.rejects(readParameters('/listed', ['A']), { code: 'service_account_not_allowed' });
});
