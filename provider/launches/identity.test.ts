import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import { createIdentityReader } from './identity.ts';

const AUDIENCE = 'piggysec.com';
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

function writeToken(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`;
}

const claims = { aud: [AUDIENCE], exp: NOW / 1000 + 600 };
const token = writeToken(claims);

function createReader(answer: () => object) {
  const clock = { ms: NOW };
  const reviews: string[] = [];
  let acceptances = 0;
  const readIdentity = createIdentityReader({
    audience: AUDIENCE,
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
    read: (token: string | undefined, address = ADDRESS) =>
      readIdentity({ token, address }, FOREVER),
    acceptances: () => acceptances,
    pass: (ms: number) => (clock.ms += ms),
  };
}

const reviewed: Record<string, string> = {
  'a token of ours': token,
  'a token whose audience is one text': writeToken({ ...claims, aud: AUDIENCE }),
  'a token of several audiences': writeToken({ ...claims, aud: ['vault', AUDIENCE] }),
  'a token that expired by our clock only': writeToken({ ...claims, exp: NOW / 1000 - 30 }),
};

for (const [name, text] of Object.entries(reviewed)) {
  test(`the API server is asked about ${name}`, async () => {
    const { read, reviews } = createReader(() => accepted);
    assert.deepEqual(await read(text), {
      serviceAccount: { namespace: 'shop', name: 'api' },
      pod: { name: 'api-0', uid: 'pod-1' },
    });
    assert.deepEqual(reviews, [text]);
  });
}

const refused: Record<string, string | undefined> = {
  'no token': undefined,
  'an empty token': '',
  'a word': 'hunter2',
  'two parts': 'a.b',
  'four parts': `${token}.x`,
  'claims that are no JSON': 'e30.####.x',
  'claims that are null': writeToken(null),
  'claims that are a text': writeToken('aud'),
  'no claims': writeToken({}),
  'another audience': writeToken({ ...claims, aud: ['vault'] }),
  'an audience that begins as ours': writeToken({ ...claims, aud: [`${AUDIENCE}.evil`] }),
  'no expiry': writeToken({ aud: [AUDIENCE] }),
  'an expiry that is a text': writeToken({ ...claims, exp: '9999999999' }),
  'an expiry long ago': writeToken({ ...claims, exp: NOW / 1000 - 61 }),
  'a very long token': writeToken({ ...claims, more: 'x'.repeat(20_000) }),
};

for (const [name, text] of Object.entries(refused)) {
  test(`${name} is refused without asking the API server`, async () => {
    const { read, reviews } = createReader(() => accepted);
    await assert.rejects(read(text), (error) => {
      assert.ok(error instanceof ProviderError && error.code === 'invalid_token');
      return text === undefined || text === '' || !error.message.includes(text);
    });
    assert.deepEqual(reviews, []);
  });
}

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
  await read(writeToken({ ...claims, jti: '2' }));
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
  await assert.rejects(read(writeToken({ ...claims, jti: '2' })), { code: 'invalid_token' });
  assert.equal(acceptances(), 1);
});

test('a token that the limit holds back is not asked about', async () => {
  const { read, reviews } = createReader(() => accepted);
  await assert.rejects(read(token, '10.9.9.9'), { code: 'rate_limited' });
  assert.deepEqual(reviews, []);
});
