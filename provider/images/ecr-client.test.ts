import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { createEcrCredentialReader } from './ecr-client.ts';

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

const HOUR_MS = 3_600_000;
const IRELAND = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

/** Stands in for ECR's GetAuthorizationToken; passwords are numbered. */
async function start({ lifetimeMs = 12 * HOUR_MS, status = 200 } = {}) {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const regions: string[] = [];
  const server = createServer((request, response) => {
    const [, region = ''] =
      /\/(\S+)\/ecr\/aws4_request/.exec(request.headers.authorization ?? '') ?? [];
    assert.match(String(request.headers['x-amz-target']), /\.GetAuthorizationToken$/);
    regions.push(region.split('/').at(-1) ?? '');
    const token = Buffer.from(`AWS:password-${regions.length}`).toString('base64');
    const expiresAt = (clock.now + lifetimeMs) / 1000;
    const granted = { authorizationData: [{ authorizationToken: token, expiresAt }] };
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
  process.env['AWS_ENDPOINT_URL_ECR'] =
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const read = createEcrCredentialReader({
    credentials: () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' }),
    now: () => clock.now,
    timeoutMs: 60_000,
  });
  return { read, regions, clock };
}

const password = (number: number) => ({
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

test('other registries have none, and AWS is not asked', async () => {
  const { read, regions } = await start();
  for (const host of ['docker.io', 'public.ecr.aws', `${IRELAND}.evil.example`]) {
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

test('a password that is over already is used and not kept', async () => {
  const { read } = await start({ lifetimeMs: -HOUR_MS });
  assert.deepEqual(await read(IRELAND), password(1));
  assert.deepEqual(await read(IRELAND), password(2));
});

test('a refusal says what the identity may not do, and is not kept', async () => {
  const { read, regions } = await start({ status: 400 });
  const expected = {
    code: 'registry_denied',
    message: /let its AWS identity call ecr:GetAuthorizationToken/,
  };
  await assert.rejects(read(IRELAND), expected);
  await assert.rejects(read(IRELAND), expected);
  assert.equal(regions.length, 2);
});
