// Roles that are assumed for service accounts, with the real clients against a stand-in of STS.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { inspect } from 'node:util';
import { startAws, type Aws } from '../testing/aws.ts';
import type { AssumedRole } from './assumed-role.ts';
import { createParameterStoreClient } from './parameter-store-client.ts';
import { createRoleCredentials } from './role-credentials-client.ts';
import { createSecretsManagerClient } from './secrets-manager-client.ts';
import { CURRENT } from './source.ts';
import { plainKey } from './reference.ts';

const FOREVER = new AbortController().signal;
const MINUTE_MS = 60_000;
const arn = 'arn:aws:iam::123456789012:role/shop';
const role: AssumedRole = {
  roleArn: arn,
  externalId: 'piggy',
  account: { namespace: 'shop', name: 'api' },
  sessionTags: true,
};
const secret = { secretId: 'shop/api', region: 'eu-west-1', version: CURRENT, role };

let aws: Aws;
before(async () => {
  aws = await startAws();
  aws.putSecret('shop/api', '{"A":"hunter2"}');
  aws.putParameter({ name: '/shop/A', type: 'String', value: 'hunter2' });
  aws.putRole({ arn, externalId: 'piggy' });
});
after(() => aws.stop());
afterEach(() => {
  aws.failWith(undefined);
  aws.requests.length = 0;
  aws.putRole({ arn, externalId: 'piggy' });
});

function clients(now = Date.now) {
  const credentials = () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' });
  const timeouts = { connectionTimeoutMs: MINUTE_MS, requestTimeoutMs: MINUTE_MS };
  const own = { credentials, endpoint: aws.url, ...timeouts };
  const credentialsOf = createRoleCredentials({ ...own, now });
  const options = { ...own, credentialsOf };
  return {
    credentialsOf,
    readSecret: createSecretsManagerClient(options),
    readParameters: createParameterStoreClient(options),
  };
}

const assumed = () => aws.requests.filter(({ target }) => target === 'sts.AssumeRole');
const lasting = (minutes: number) => {
  aws.putRole({ arn, externalId: 'piggy', lastsSeconds: minutes * 60 });
};

/** Asks for the session as a client of the SDK does. */
async function ask(credentialsOf: ReturnType<typeof clients>['credentialsOf']) {
  const provide = credentialsOf(role, 'eu-west-1');
  assert.ok(typeof provide === 'function');
  return (await provide()).sessionToken;
}

test('a role is assumed with external id, and with name and tags of the service account', async () => {
  const { content } = await clients().readSecret(secret, FOREVER);
  assert.equal(content.find(plainKey('A'))?.reveal(), 'hunter2');
  const [{ input, region } = {}] = assumed();
  assert.equal(region, 'eu-west-1');
  assert.deepEqual(input, {
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: arn,
    RoleSessionName: 'piggy.shop.api',
    ExternalId: 'piggy',
    'Tags.member.1.Key': 'piggy-namespace',
    'Tags.member.1.Value': 'shop',
    'Tags.member.2.Key': 'piggy-service-account',
    'Tags.member.2.Value': 'api',
  });
});

test('AWS is then asked as that session, not as the provider', async () => {
  const { readSecret, readParameters } = clients();
  await readSecret(secret, FOREVER);
  await readParameters({ path: '/shop', region: 'eu-west-1', role }, FOREVER);
  const asked = aws.requests.filter(({ target }) => target !== 'sts.AssumeRole');
  assert.deepEqual(
    asked.map(({ session }) => session),
    ['piggy.shop.api', 'piggy.shop.api'],
  );
});

test('tags and external id are left out where the rule says so', async () => {
  aws.putRole({ arn, mayTag: false });
  const plain = { ...role, externalId: undefined, sessionTags: false };
  await clients().readSecret({ ...secret, role: plain }, FOREVER);
  assert.deepEqual(Object.keys(assumed()[0]?.input ?? {}).toSorted(), [
    'Action',
    'RoleArn',
    'RoleSessionName',
    'Version',
  ]);
});

test('a session name is cut to what AWS takes', async () => {
  const account = { namespace: 'n'.repeat(63), name: 'a'.repeat(253) };
  await clients().readSecret({ ...secret, role: { ...role, account } }, FOREVER);
  assert.equal(String(assumed()[0]?.input['RoleSessionName']).length, 64);
});

test('one session serves all questions, of both stores, in all regions and at once', async () => {
  const { readSecret, readParameters } = clients();
  const regions = ['eu-west-1', 'us-east-1', 'eu-west-1', 'us-east-1'];
  await Promise.all(regions.map((region) => readSecret({ ...secret, region }, FOREVER)));
  await readParameters({ path: '/shop', region: 'eu-west-1', role }, FOREVER);
  assert.equal(assumed().length, 1);
});

test('each service account has a session of its own', async () => {
  const { readSecret } = clients();
  const web = { ...role, account: { namespace: 'shop', name: 'web' } };
  await readSecret(secret, FOREVER);
  await readSecret({ ...secret, role: web }, FOREVER);
  const names = assumed().map(({ input }) => input['RoleSessionName']);
  assert.deepEqual(names, ['piggy.shop.api', 'piggy.shop.web']);
});

test('a session is renewed five minutes before its end', async () => {
  let nowMs = Date.now();
  const { credentialsOf } = clients(() => nowMs);
  const first = await ask(credentialsOf);
  nowMs += 54 * MINUTE_MS;
  assert.equal(await ask(credentialsOf), first);
  nowMs += 2 * MINUTE_MS;
  assert.notEqual(await ask(credentialsOf), first);
});

test('sessions that end soon are renewed without a failed question', async () => {
  lasting(4);
  let nowMs = Date.now();
  const { readSecret } = clients(() => nowMs);
  for (let index = 0; index < 3; index += 1) {
    await readSecret(secret, FOREVER);
    nowMs += 20_000;
  }
  assert.equal(assumed().length, 3);
  assert.equal(aws.requests.length, 6);
});

test('a session that cannot be renewed is used to its end', async () => {
  let nowMs = Date.now();
  const { credentialsOf } = clients(() => nowMs);
  const first = await ask(credentialsOf);
  nowMs += 56 * MINUTE_MS;
  aws.failWith({ status: 500, type: 'InternalFailure' });
  assert.equal(await ask(credentialsOf), first);
  assert.equal(await ask(credentialsOf), first);
  assert.equal(assumed().length, 1 + 3, 'one renewal of three attempts, then a pause');
  nowMs += 5 * MINUTE_MS;
  await assert.rejects(ask(credentialsOf), { code: 'aws_unavailable' });
  aws.failWith(undefined);
  assert.notEqual(await ask(credentialsOf), first);
});

const refusals: Record<string, () => void> = {
  'a role that does not trust the provider': () => {
    aws.putRole({ arn, externalId: 'another' });
  },
  'a role that does not allow sts:TagSession': () => {
    aws.putRole({ arn, externalId: 'piggy', mayTag: false });
  },
  'a refusal that quotes': () => {
    aws.failWith({ status: 403, type: 'AccessDenied', message: 'hunter2' });
  },
};

for (const [name, prepare] of Object.entries(refusals)) {
  test(`${name} is aws_access_denied, names the role and asks for nothing else`, async () => {
    prepare();
    const read = clients().readSecret(secret, FOREVER);
    const message = /may not sts:AssumeRole role arn:aws:iam::123456789012:role\/shop in eu-west-1/;
    await assert.rejects(read, { code: 'aws_access_denied', message });
    await assert.rejects(read, (error) => !inspect(error, { depth: 9 }).includes('hunter2'));
    assert.deepEqual(
      aws.requests.map(({ target }) => target),
      ['sts.AssumeRole'],
    );
  });
}

test('a refusal is not remembered', async () => {
  aws.failWith({ status: 403, type: 'AccessDenied', target: 'sts.AssumeRole' });
  const { readSecret } = clients();
  await assert.rejects(readSecret(secret, FOREVER), { code: 'aws_access_denied' });
  aws.failWith(undefined);
  await readSecret(secret, FOREVER);
});

test('an STS that fails is unavailable, not a secret read as the provider itself', async () => {
  aws.failWith({ status: 500, type: 'InternalFailure', target: 'sts.AssumeRole' });
  await assert.rejects(clients().readSecret(secret, FOREVER), { code: 'aws_unavailable' });
  assert.ok(aws.requests.every(({ target }) => target === 'sts.AssumeRole'));
});
