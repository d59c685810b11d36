// Where registries send lookups on to: realms and redirects lead to private addresses only from registries that are private
// themselves. A registry of these tests is on loopback, so what is in public is one whose answers are said to come from there.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createTestAuthority } from '../testing/certificates.ts';
import { startProxy } from '../testing/proxy.ts';
import { createTestReader } from '../testing/registry-reader.ts';
import { startRegistry } from '../testing/registry.ts';
import { createAuthorizedSend } from './authorized-request.ts';
import { createHostNames } from './host-names.ts';
import { createOutboundClient, type SendOutbound } from './outbound-client.ts';
import { createQuestionBudget } from './question-budget.ts';
import { createTokenReader } from './registry-token.ts';
import { createRegistryClient } from './registry-client.ts';
import { parseImageReference } from './reference.ts';
import type { RegistrySettings } from './registry-settings.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const never = new AbortController().signal;
const app = { entrypoint: ['/app'], cmd: ['serve'] };

/** Two registries on loopback: the first sends on to the second. */
async function startTwo() {
  const [front, inside] = [await startRegistry(), await startRegistry()];
  closings.push(front.close, inside.close);
  front.addImage('app', 'v1', app);
  inside.addImage('app', 'v1', app);
  return { front, inside };
}

type Two = Awaited<ReturnType<typeof startTwo>>;

/** Reads the image of the first; `isPublic` says that what it answers comes from a public address. */
async function readFront(
  { front, inside }: Two,
  isPublic: boolean,
  changes: Partial<RegistrySettings> = {},
) {
  const hosts = [front.host, inside.host];
  const settings = {
    allowList: [],
    mirrors: [],
    plainHttpHosts: hosts,
    skipVerifyHosts: [],
    loopbackHosts: hosts,
    privateHosts: [],
    certificateAuthorities: new Map<string, string>(),
    proxy: undefined,
    noProxy: [],
    requestTimeoutMs: 60_000,
    lookupTimeoutMs: 60_000,
    tagCacheMs: 0,
    ...changes,
  };
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const hostNames = createHostNames({ resolve, share: { all: 1, perKey: 1 }, now: Date.now });
  const client = createOutboundClient(settings, hostNames);
  closings.push(client.close);
  const send: SendOutbound = async (request, signal) => {
    const answer = await client.send(request, signal);
    return isPublic && request.url.host === front.host ? { ...answer, onward: 'public' } : answer;
  };
  const registry = createRegistryClient({ send, now: Date.now, random: () => 0 });
  const access = {
    reference: parseImageReference(`${front.host}/app:v1`),
    credential: { kind: 'anonymous' },
    plainHttp: true,
    skipVerify: false,
    asker: { namespace: 'shop', budget: createQuestionBudget() },
  } as const;
  return registry.readManifest(access, undefined, never);
}

const sends: Record<string, (two: Two) => void> = {
  realm: ({ front, inside }) => {
    const challenge = `Bearer realm="${inside.origin}/token",service="test"`;
    const headers = { 'www-authenticate': challenge };
    front.answerNext(1, /manifests/, { status: 401, headers });
    inside.answerNext(Infinity, /token/, { status: 200, body: '{"token":"canary-7f20"}' });
  },
  redirect: ({ front, inside }) => {
    front.redirect(/manifests/, inside.origin);
  },
};

for (const [name, prepare] of Object.entries(sends)) {
  test(`a registry in public sends by ${name} to no private address`, async () => {
    const two = await startTwo();
    prepare(two);
    await assert.rejects(readFront(two, true), {
      code: 'registry_not_allowed',
      message: new RegExp(`^sends on to ${two.inside.host}, which has a private address`),
    });
    assert.deepEqual(two.inside.requests, []);
  });

  test(`a registry in private sends by ${name} to a private address`, async () => {
    const two = await startTwo();
    prepare(two);
    await readFront(two, false);
    assert.equal(two.inside.requests.length, 1);
  });

  test(`a registry in public sends by ${name} to a private host that the operator listed`, async () => {
    const two = await startTwo();
    prepare(two);
    await readFront(two, true, { privateHosts: [two.inside.host] });
    assert.equal(two.inside.requests.length, 1);
  });
}

test('who was sent on by a registry in public does not come into private by a second hop', async () => {
  const { front, inside } = await startTwo();
  const deeper = await startRegistry();
  closings.push(deeper.close);
  front.redirect(/./, inside.origin);
  inside.redirect(/./, deeper.origin);
  const listed = {
    privateHosts: [inside.host],
    loopbackHosts: [front.host, inside.host, deeper.host],
  };
  await assert.rejects(readFront({ front, inside }, true, listed), {
    code: 'registry_not_allowed',
    message: new RegExp(`^sends on to ${deeper.host}`),
  });
  assert.equal(inside.requests.length, 1);
  assert.deepEqual(deeper.requests, []);
});

test('a registry behind the proxy counts as public, and sends on to no private address', async () => {
  const authority = await createTestAuthority();
  const { certificate: cert, privateKey: key } = await authority.issue('registry.example');
  const front = await startRegistry({ certificate: { cert, key } });
  const inside = await startRegistry({ certificate: { cert, key } });
  const proxy = await startProxy(new Map([['registry.example:443', front.host]]));
  closings.push(proxy.close, front.close, inside.close);
  for (const target of [inside.origin, 'https://10.1.2.3', 'https://[fd12::1]']) {
    const settings = {
      proxy: proxy.origin,
      certificateAuthorities: new Map([['registry.example', authority.ca]]),
      loopbackHosts: [inside.host],
      // For the day on which it is not refused: nobody answers at two of these addresses.
      lookupTimeoutMs: 10_000,
    };
    const reader = createTestReader([], { settings });
    closings.push(reader.close);
    front.redirect(/manifests/, target);
    await assert.rejects(reader.read('registry.example/app:v1'), {
      code: 'registry_not_allowed',
      message: /sends on to .*, which has a private address/,
    });
  }
  assert.deepEqual(inside.requests, []);
});

/** Answers as registries do, from the addresses that the host has at each time. */
function createSwitchingHost(onwards: ('any' | 'public')[]) {
  const sent: { host: string; reach: string; authorization: string | undefined }[] = [];
  const send: SendOutbound = ({ url, headers, reach }) => {
    sent.push({ host: url.host, reach, authorization: headers['authorization'] });
    const isToken = url.pathname === '/token';
    const isAllowed = isToken || headers['authorization'] !== undefined;
    const challenge = 'Bearer realm="https://auth.inside/token",service="s",scope="x"';
    const answer = {
      status: isAllowed ? 200 : 401,
      headers: isAllowed ? {} : { 'www-authenticate': challenge },
      body: Buffer.from(isToken ? '{"token":"canary-41d5"}' : ''),
    };
    return Promise.resolve({ ...answer, onward: isToken ? 'any' : (onwards.shift() ?? 'public') });
  };
  return { send, sent };
}

const manifest = (host: string) => ({
  url: new URL(`https://${host}/v2/app/manifests/v1`),
  method: 'GET' as const,
  accept: '*/*',
  credential: { kind: 'anonymous' as const },
  maxBytes: 1_000,
  skipVerify: false,
  reach: 'any' as const,
  asker: { namespace: 'shop', budget: createQuestionBudget() },
});

test('what was challenged in private is answered in private only, whatever the name resolves to next', async () => {
  const { send, sent } = createSwitchingHost(['any', 'any', 'any']);
  const ask = createAuthorizedSend(send, createTokenReader(send, Date.now));
  await ask(manifest('switching.example'), never);
  await ask(manifest('switching.example'), never);
  const withToken = sent.filter(({ authorization }) => authorization !== undefined);
  assert.equal(withToken.length, 2);
  assert.ok(withToken.every(({ reach }) => reach === 'private'));
});

test('what was challenged in public is asked for at a public token server only', async () => {
  const { send, sent } = createSwitchingHost(['public', 'public']);
  const ask = createAuthorizedSend(send, createTokenReader(send, Date.now));
  await ask(manifest('switching.example'), never);
  assert.deepEqual(
    sent.map(({ host, reach }) => [host, reach]),
    [
      ['switching.example', 'any'],
      ['auth.inside', 'public'],
      ['switching.example', 'any'],
    ],
  );
});

test('a token is used only for the registry that it was asked for', async () => {
  const { send, sent } = createSwitchingHost([]);
  const ask = createAuthorizedSend(send, createTokenReader(send, Date.now));
  await ask(manifest('one.example'), never);
  await ask(manifest('other.example'), never);
  await ask(manifest('one.example'), never);
  assert.equal(sent.filter(({ host }) => host === 'auth.inside').length, 2);
});

test('a connection is made only to addresses that are checked when it is made', async () => {
  const registry = await startRegistry();
  const host = `switching.example:${new URL(registry.origin).port}`;
  const checked = [{ address: '10.1.2.3', family: 4 }];
  const switched = [{ address: '127.0.0.1', family: 4 }];
  const hostNames = { resolve: () => Promise.resolve(checked), latest: () => switched };
  const reader = createTestReader([], { settings: { plainHttpHosts: [host] }, hostNames });
  closings.push(reader.close, registry.close);
  await assert.rejects(reader.read(`${host}/app:v1`), { code: 'registry_unavailable' });
  assert.deepEqual(registry.requests, []);
});

test('a name of a private address that a registry in public sends to is refused before it is asked', async () => {
  const two = await startTwo();
  const name = `auth.inside:${new URL(two.inside.origin).port}`;
  two.front.redirect(/manifests/, `http://${name}`);
  const hosts = { loopbackHosts: [two.front.host, name], plainHttpHosts: [two.front.host, name] };
  await assert.rejects(readFront(two, true, hosts), {
    code: 'registry_not_allowed',
    message: new RegExp(`^sends on to ${name}, which has a private address`),
  });
  assert.deepEqual(two.inside.requests, []);
});
