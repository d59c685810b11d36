import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { Credential } from './credential.ts';
import { createEcrCredentials, parseEcrPassword } from './ecr-client.ts';

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

const HOUR_MS = 3_600_000;
const IRELAND = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

/** Stands in for ECR's GetAuthorizationToken; passwords are numbered. */
async function start({
  lifetimeMs = 12 * HOUR_MS,
  status = 200,
  tellsExpiry = true,
  host = '127.0.0.1',
} = {}) {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const regions: string[] = [];
  const server = createServer((request, response) => {
    const [, region = ''] =
      /\/(\S+)\/ecr(?:-public)?\/aws4_request/.exec(request.headers.authorization ?? '') ?? [];
    assert.match(String(request.headers['x-amz-target']), /\.GetAuthorizationToken$/);
    regions.push(region.split('/').at(-1) ?? '');
    const token = Buffer.from(`AWS:password-${regions.length}`).toString('base64');
    const expiry = tellsExpiry ? { expiresAt: (clock.now + lifetimeMs) / 1000 } : {};
    const data = { authorizationToken: token, ...expiry };
    const isPublic = String(request.headers['x-amz-target']).startsWith('Spencer');
    const granted = { authorizationData: isPublic ? data : [data] };
    const body = status === 200 ? granted : { __type: 'AccessDeniedException', message: 'no' };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closings.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`;
  const resolved: string[] = [];
  process.env['AWS_ENDPOINT_URL_ECR'] = origin;
  process.env['AWS_ENDPOINT_URL_ECR_PUBLIC'] = origin;
  const { read, renew } = createEcrCredentials({
    credentials: () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' }),
    now: () => clock.now,
    timeoutMs: 60_000,
    lookup: (hostname, options, callback) => {
      resolved.push(hostname);
      lookup('127.0.0.1', options, callback);
    },
  });
  return { read, renew, regions, clock, resolved };
}

const password = (number: number): Credential => ({
  kind: 'basic',
  username: 'AWS',
  password: `password-${number}`,
});

test('the password comes from the region of the host', async () => {
  const { read, regions } = await start();
  assert.deepEqual(await read(IRELAND), password(1));
  assert.deepEqual(await read(IRELAND.replace('eu-west-1', 'us-east-2')), password(2));
  assert.deepEqual(regions, ['eu-west-1', 'us-east-2']);
});

test('the host of AWS is resolved by the lookup that the client is given, whatever region it is of', async () => {
  const { read, resolved } = await start({ host: 'api.ecr.piggy-test.invalid' });
  assert.deepEqual(await read(IRELAND), password(1));
  assert.deepEqual(resolved, ['api.ecr.piggy-test.invalid']);
});

test('other registries have none, and AWS is not asked', async () => {
  const { read, regions } = await start();
  for (const host of ['docker.io', `${IRELAND}.evil.example`]) {
    assert.equal(await read(host), undefined);
  }
  assert.deepEqual(regions, []);
});

test('a password serves all accounts of its region until half of its life is over', async () => {
  const { read, regions, clock } = await start();
  await read(IRELAND);
  clock.now += 6 * HOUR_MS - 1;
  assert.deepEqual(await read(IRELAND.replace('1234', '9999')), password(1));
  clock.now += 1;
  assert.deepEqual(await read(IRELAND), password(2));
  assert.equal(regions.length, 2);
});

test('those who ask at once share one call', async () => {
  const { read, regions } = await start();
  const answers = await Promise.all(Array.from({ length: 10 }, () => read(IRELAND)));
  for (const answer of answers) assert.deepEqual(answer, password(1));
  assert.equal(regions.length, 1);
});

for (const [name, options] of Object.entries({
  'is over already': { lifetimeMs: -11 * 365 * 24 * HOUR_MS },
  'has no expiry': { tellsExpiry: false },
})) {
  test(`a password that ${name} is used and not kept`, async () => {
    const { read } = await start(options);
    assert.deepEqual(await read(IRELAND), password(1));
    assert.deepEqual(await read(IRELAND), password(2));
  });
}

test('a refusal says what the identity may not do, and is kept for half a minute', async () => {
  const { read, regions, clock } = await start({ status: 400 });
  const expected = {
    code: 'registry_denied',
    message: /let its AWS identity call ecr:GetAuthorizationToken/,
  };
  await assert.rejects(read(IRELAND), expected);
  await assert.rejects(read(IRELAND), expected);
  assert.equal(regions.length, 1);
  clock.now += 30_000;
  await assert.rejects(read(IRELAND), expected);
  assert.equal(regions.length, 2);
});

test('a refused password is renewed, unless it is so young that its age is not why', async () => {
  const { read, renew, regions, clock } = await start();
  await read(IRELAND);
  clock.now += 59_999;
  assert.equal(await renew(IRELAND, password(1)), undefined);
  clock.now += 1;
  assert.deepEqual(await renew(IRELAND, password(1)), password(2));
  // Whoever comes with the old one later gets the one that is there.
  assert.deepEqual(await renew(IRELAND, password(1)), password(2));
  assert.deepEqual(await read(IRELAND), password(2));
  assert.equal(regions.length, 2);
});

test('public ECR is read without a password until AWS has given one, which no lookup waits for', async () => {
  const { read, regions } = await start();
  assert.equal(await read('public.ecr.aws'), undefined);
  while ((await read('public.ecr.aws')) === undefined) await setImmediate();
  assert.deepEqual(await read('ecr-public.aws.com'), password(1));
  assert.deepEqual(regions, ['us-east-1']);
});

test('public ECR is read without a password where AWS gives none', async () => {
  const { read, regions } = await start({ status: 400 });
  assert.equal(await read('public.ecr.aws'), undefined);
  while (regions.length === 0) await setImmediate();
  assert.equal(await read('public.ecr.aws'), undefined);
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

for (const [name, token] of Object.entries({
  'no token': undefined,
  'an empty token': '',
  'a name alone': base64('AWS:'),
  'a password alone': base64(':canary-ec12'),
  'no colon': base64('canary-ec12'),
  'no base64': '%%%',
})) {
  test(`an answer with ${name} is no ECR password, and is not quoted`, () => {
    assert.throws(
      () => parseEcrPassword(token === undefined ? undefined : { authorizationToken: token }),
      { message: 'GetAuthorizationToken answered without a password' },
    );
  });
}

test('any ECR answer is read or refused, and every password comes out as it was', () => {
  const expiry = fc.option(fc.date(), { nil: undefined });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), expiry, (token, expiresAt) => {
      try {
        const data = { authorizationToken: token, ...(expiresAt ? { expiresAt } : {}) };
        const { credential } = parseEcrPassword(data);
        assert.ok(credential.kind === 'basic' && credential.password !== '');
      } catch (error) {
        assert.match(String(error), /without a password/);
      }
    }),
    { numRuns: 1_000 },
  );
  const names = fc.stringMatching(/^[^:\0]{1,20}$/u);
  fc.assert(
    fc.property(names, fc.stringMatching(/^[^\0]{1,80}$/u), (username, secret) => {
      const { credential } = parseEcrPassword({
        authorizationToken: base64(`${username}:${secret}`),
      });
      assert.deepEqual(credential, { kind: 'basic', username, password: secret });
    }),
  );
});

for (const part of ['A', ':', 'AWS:', '\n']) {
  test(`an ECR token of 100 kB of ${JSON.stringify(part)} is read or refused at once`, () => {
    const started = performance.now();
    try {
      parseEcrPassword({ authorizationToken: base64(part.repeat(100_000 / part.length)) });
    } catch (error) {
      assert.match(String(error), /without a password/);
    }
    assert.ok(performance.now() - started < 500);
  });
}
