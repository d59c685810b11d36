import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import { unsignedToken } from '../testing/unsigned-token.ts';
import { createIdentityReader } from './identity.ts';
import { AUDIENCE, parseLaunchToken, type LaunchToken } from './token.ts';

const NOW = Date.parse('2026-11-01T10:00:00Z');
const ADDRESS = '10.1.2.3';
const FOREVER = new AbortController().signal;

const accepted = {
  authenticated: true,
  audiences: [AUDIENCE],
  user: {
    username: 'system:serviceaccount:shop:api',
    extra: {
      'authentication.kubernetes.io/pod-name': ['api-0'],
      'authentication.kubernetes.io/pod-uid': ['pod-1'],
    },
  },
};

/** Each another one. */
const mint = (jti: string) => parseLaunchToken(unsignedToken({ jti }), Date.now());
const token = mint('1');

function createReader(answer: () => object) {
  const clock = { ms: NOW };
  const reviews: string[] = [];
  let acceptances = 0;
  const readIdentity = createIdentityReader({
    admitReview: ({ address }) =>
      address === ADDRESS
        ? Promise.resolve(() => void (acceptances += 1))
        : Promise.reject(new ProviderError('rate_limited', 'too many')),
    now: () => clock.ms,
    reviewToken: (asked) => {
      reviews.push(asked);
      return Promise.resolve(answer());
    },
  });
  return {
    reviews,
    read: (token: LaunchToken, address = ADDRESS) => readIdentity({ token, address }, FOREVER),
    acceptances: () => acceptances,
    pass: (ms: number) => (clock.ms += ms),
  };
}

test('the API server is asked whose a token is', async () => {
  const { read, reviews } = createReader(() => accepted);
  assert.deepEqual(await read(token), {
    serviceAccount: { namespace: 'shop', name: 'api' },
    pod: { name: 'api-0', uid: 'pod-1' },
  });
  assert.deepEqual(reviews, [token.text]);
});

test('of a token of one container, the API server is asked about that audience', async () => {
  const audience = `${AUDIENCE}/app`;
  const ofApp = parseLaunchToken(unsignedToken({ aud: [audience] }), Date.now());
  const { read } = createReader(() => ({ ...accepted, audiences: [audience] }));
  assert.equal((await read(ofApp)).container, 'app');
  await assert.rejects(createReader(() => accepted).read(ofApp), { code: 'invalid_token' });
});

test('a token that was refused a moment ago is refused without asking again', async () => {
  const { read, reviews, pass } = createReader(() => ({ authenticated: false }));
  await assert.rejects(read(token), { code: 'invalid_token', message: /does not accept/ });
  pass(9999);
  await assert.rejects(read(token), { code: 'invalid_token', message: /does not accept/ });
  assert.equal(reviews.length, 1);
  pass(2);
  await assert.rejects(read(token), { code: 'invalid_token' });
  assert.equal(reviews.length, 2);
});

test('a refusal says nothing about another token', async () => {
  const answers = [{ authenticated: false }, accepted];
  const { read } = createReader(() => answers.shift() ?? {});
  await assert.rejects(read(token));
  await read(mint('2'));
});

test('an API server that cannot be asked refuses no token', async () => {
  const answers = [
    () => {
      throw new ProviderError('kubernetes_unavailable', 'gone');
    },
    () => accepted,
  ];
  const { read } = createReader(() => answers.shift()?.() ?? {});
  await assert.rejects(read(token), { code: 'kubernetes_unavailable' });
  await read(token);
});

test('an accepted token is asked about every time', async () => {
  const { read, reviews } = createReader(() => accepted);
  await read(token);
  await read(token);
  assert.equal(reviews.length, 2);
});

test('what accepts a token tells the limit, and what refuses it does not', async () => {
  const answers = [accepted, { authenticated: false }];
  const { read, acceptances } = createReader(() => answers.shift() ?? {});
  await read(token);
  assert.equal(acceptances(), 1);
  await assert.rejects(read(mint('2')), { code: 'invalid_token' });
  assert.equal(acceptances(), 1);
});

test('a token that the limit holds back is not asked about', async () => {
  const { read, reviews } = createReader(() => accepted);
  await assert.rejects(read(token, '10.9.9.9'), { code: 'rate_limited' });
  assert.deepEqual(reviews, []);
});
