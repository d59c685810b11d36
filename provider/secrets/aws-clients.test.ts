// Both AWS clients against a stand-in that is slow, throttles and fails, which moto does not.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { startAws, type Aws, type SecretVersion } from '../testing/aws.ts';
import { createParameterStoreClient } from './parameter-store-client.ts';
import { createSecretsManagerClient } from './secrets-manager-client.ts';
import { CURRENT } from './source.ts';
import { plainKey } from './reference.ts';

const FOREVER = new AbortController().signal;
const shop = { secretId: 'shop/api', region: 'eu-west-1', version: CURRENT };
const path = { path: '/shop', region: 'eu-west-1' };

let aws: Aws;
before(async () => {
  aws = await startAws();
  aws.putSecret('shop/api', '{"A":"hunter2"}');
});
after(() => aws.stop());
afterEach(() => {
  aws.failWith(undefined);
  aws.delay(0);
  aws.requests.length = 0;
});

function options(requestTimeoutMs = 60_000) {
  const credentials = () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' });
  return { credentials, connectionTimeoutMs: 60_000, requestTimeoutMs, endpoint: aws.url };
}

test('a secret is asked for by id and version, in its region', async () => {
  const read = createSecretsManagerClient(options());
  const { content, target } = await read(shop, FOREVER);
  const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/api';
  assert.deepEqual(target, { kind: 'secret', names: ['shop/api'], arn });
  assert.equal(content.find(plainKey('A'))?.reveal(), 'hunter2');
  const input = { SecretId: 'shop/api', VersionStage: 'AWSCURRENT' };
  assert.deepEqual(aws.requests, [
    { target: 'secretsmanager.GetSecretValue', region: 'eu-west-1', input },
  ]);
});

const odd = 'terraform-20240131235959012300000001';
const oddVersion = { kind: 'idOrStage', text: odd } as const;
const byId = { SecretId: 'shop/odd', VersionId: odd };
const byStage = { SecretId: 'shop/odd', VersionStage: odd };

const versions: Record<string, [version: SecretVersion, asked: object[], value: string]> = {
  'an id': [{ id: odd, content: '{"A":"by id"}' }, [byId], 'by id'],
  'a staging label': [{ stages: [odd], content: '{"A":"by label"}' }, [byId, byStage], 'by label'],
};

for (const [name, [version, asked, value]] of Object.entries(versions)) {
  test(`a version that may be an id is asked for as one first, here it is ${name}`, async () => {
    aws.putSecret('shop/odd', [version]);
    const codes: string[] = [];
    const observeCall = () => (code: string) => codes.push(code);
    const read = createSecretsManagerClient({ ...options(), observeCall });
    const question = { ...shop, secretId: 'shop/odd', version: oddVersion };
    const { content } = await read(question, FOREVER);
    assert.equal(content.find(plainKey('A'))?.reveal(), value);
    assert.deepEqual(
      aws.requests.map(({ input }) => input),
      asked,
    );
    assert.deepEqual(
      codes,
      asked.map(() => 'ok'),
    );
  });
}

test('a version that is neither id nor label is not found', async () => {
  const read = createSecretsManagerClient(options());
  const question = { ...shop, version: oddVersion };
  await assert.rejects(read(question, FOREVER), { code: 'secret_not_found', message: /version/ });
  assert.equal(aws.requests.length, 2);
});

test('only that there is no such id leads to the label: who may not read it is told so', async () => {
  aws.failWith({ status: 400, type: 'AccessDeniedException' });
  const read = createSecretsManagerClient(options());
  const question = { ...shop, version: oddVersion };
  await assert.rejects(read(question, FOREVER), { code: 'aws_access_denied' });
  assert.equal(aws.requests.length, 1);
});

test('the stand-in refuses an id that AWS refuses, as AWS does', async () => {
  const client = new SecretsManagerClient({ ...options(), region: 'eu-west-1' });
  const short = new GetSecretValueCommand({ SecretId: 'shop/api', VersionId: 'x'.repeat(31) });
  await assert.rejects(client.send(short), { name: 'ValidationException' });
});

test('many questions share few connections, and one per region', async () => {
  const before = aws.countConnections();
  const read = createSecretsManagerClient(options());
  for (let index = 0; index < 100; index += 1) await read(shop, FOREVER);
  assert.equal(aws.countConnections() - before, 1);
  await read({ ...shop, region: 'us-east-1' }, FOREVER);
  assert.equal(aws.countConnections() - before, 2);
  assert.equal(aws.requests.at(-1)?.region, 'us-east-1');
});

test('credentials are asked for once for all questions', async () => {
  let asked = 0;
  const credentials = () => {
    asked += 1;
    return Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' });
  };
  const read = createSecretsManagerClient({ ...options(), credentials });
  await read(shop, FOREVER);
  await read(shop, FOREVER);
  assert.ok(asked <= 2, `asked ${asked} times`);
});

test('a throttled question is tried three times, then passed on with a wait', async () => {
  const headers = { 'retry-after': '1' };
  aws.failWith({ status: 400, type: 'ThrottlingException', message: 'hunter2', headers });
  const read = createSecretsManagerClient(options())(shop, FOREVER);
  await assert.rejects(read, { code: 'aws_throttled', retryAfterSeconds: 1 });
  await assert.rejects(read, (error) => !inspect(error, { depth: 9 }).includes('hunter2'));
  assert.equal(aws.requests.length, 3);
});

test('a failure of AWS is tried three times', async () => {
  aws.failWith({ status: 500, type: 'InternalServiceError' });
  const read = createParameterStoreClient(options())(path, FOREVER);
  await assert.rejects(read, { code: 'aws_unavailable' });
  assert.equal(aws.requests.length, 3);
});

test('a refusal is not tried again, and names action and secret', async () => {
  aws.failWith({ status: 400, type: 'AccessDeniedException', message: 'hunter2' });
  await assert.rejects(createSecretsManagerClient(options())(shop, FOREVER), {
    code: 'aws_access_denied',
    message: /secretsmanager:GetSecretValue secret shop\/api in eu-west-1/,
  });
  assert.equal(aws.requests.length, 1);
});

test('AWS that does not answer is given up', async () => {
  aws.delay(Infinity);
  await assert.rejects(createSecretsManagerClient(options(50))(shop, FOREVER), {
    code: 'aws_unavailable',
    message: /TimeoutError/,
  });
});

test('AWS that is not there is unavailable', async () => {
  const gone = await startAws();
  await gone.stop();
  const read = createSecretsManagerClient({ ...options(), endpoint: gone.url });
  await assert.rejects(read(shop, FOREVER), { code: 'aws_unavailable' });
});

for (const [name, ask] of Object.entries({
  'a secret': (signal: AbortSignal) => createSecretsManagerClient(options())(shop, signal),
  parameters: (signal: AbortSignal) => createParameterStoreClient(options())(path, signal),
})) {
  test(`a question for ${name} ends when its request does`, async () => {
    aws.delay(Infinity);
    const request = new AbortController();
    const read = ask(request.signal);
    while (aws.requests.length === 0) await setImmediate();
    request.abort();
    await assert.rejects(read, { code: 'deadline_exceeded' });
  });
}

test('an answer that is no JSON is not quoted', async () => {
  const credentials = () => Promise.reject(new SyntaxError('Unexpected token in hunter2'));
  const read = createSecretsManagerClient({ ...options(), credentials })(shop, FOREVER);
  await assert.rejects(read, (error) => !inspect(error, { depth: 9 }).includes('hunter2'));
});

test('parameters are read page by page, below the path only', async () => {
  for (let index = 0; index < 23; index += 1) {
    aws.putParameter({ name: `/shop/deep/K${index}`, type: 'SecureString', value: `${index}` });
  }
  aws.putParameter({ name: '/shopping/OTHER', type: 'String', value: 'x' });
  const { content } = await createParameterStoreClient(options())(path, FOREVER);
  assert.equal(content.find(plainKey('K22'))?.reveal(), '22');
  assert.equal(content.find(plainKey('OTHER')), undefined);
  assert.equal(aws.requests.length, 3);
});

test('a path with more than a thousand parameters is refused', async () => {
  for (let index = 0; index < 1001; index += 1) {
    aws.putParameter({ name: `/huge/K${index}`, type: 'String', value: 'x' });
  }
  const read = createParameterStoreClient(options())({ ...path, path: '/huge' }, FOREVER);
  await assert.rejects(read, { code: 'invalid_annotation', message: /deeper path/ });
});
