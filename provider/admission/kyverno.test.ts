import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../errors.ts';
import type { ImageQuestion } from '../images/lookup.ts';
import type { ReadImageConfig } from '../images/read-image-config.ts';
import { parseDigest } from '../images/reference.ts';
import { createKyvernoAnswerer, type LookupFacts } from './kyverno.ts';
import { computeMac, type SealedMessage } from './sealed-message.ts';

const key = 'c2VjcmV0LWtleQ==';
const digest = parseDigest(`sha256:${'0'.repeat(64)}`);

const question = {
  nonce: 'n1',
  namespace: 'shop',
  serviceAccount: 'api',
  imagePullSecrets: ['regcred'],
  architectures: ['arm64'],
  images: ['nginx:1'],
  always: [],
};

/** Looks up everything but what is called private or broken, and remembers what it was asked. */
function createReader(): { read: ReadImageConfig; asked: ImageQuestion[] } {
  const asked: ImageQuestion[] = [];
  const read: ReadImageConfig = (imageQuestion) => {
    asked.push(imageQuestion);
    const { reference } = imageQuestion;
    if (reference === 'broken') return Promise.reject(new TypeError('secret internals'));
    if (reference === 'private') {
      return Promise.reject(
        new ProviderError('registry_denied', 'registry: 401 for private;\n set command'),
      );
    }
    const cmd = [reference.startsWith('long-') ? 'x'.repeat(100_000) : reference];
    return Promise.resolve({ entrypoint: ['/docker-entrypoint.sh'], cmd, digest });
  };
  return { read, asked };
}

async function ask(written: unknown, keys = [key], refusal?: unknown) {
  const { read, asked } = createReader();
  const facts: LookupFacts[] = [];
  const open = createKyvernoAnswerer({ readImageConfig: read, keys: () => keys });
  const payload = typeof written === 'string' ? written : JSON.stringify(written);
  const sealed: SealedMessage = { payload, mac: computeMac(key, 'question', payload) };
  const exchange = open(sealed, (fact) => void facts.push(fact));
  const { payload: answered, mac } =
    refusal === undefined
      ? await exchange.answer(new AbortController().signal)
      : exchange.refuse(refusal);
  assert.equal(mac, computeMac(key, 'answer', answered));
  return {
    answer: JSON.parse(answered) as unknown,
    asked,
    facts: Object.assign({}, ...facts) as LookupFacts,
  };
}

const nginx = { entrypoint: ['/docker-entrypoint.sh'], cmd: ['nginx:1'], digest };

test('an image is answered with what it runs, and the nonce is repeated', async () => {
  const { answer } = await ask(question);
  assert.deepEqual(answer, { nonce: 'n1', images: { 'nginx:1': nginx }, errors: {} });
});

test('the lookup knows where the Pod may run and which pull secrets it has, in order', async () => {
  const extraPullSecret = { namespace: 'registry', name: 'shared' };
  const { asked } = await ask({
    ...question,
    extraPullSecret,
    skipVerifyRegistry: true,
    always: ['nginx:1'],
  });
  const [{ budget, ...lookup } = {}] = asked;
  assert.ok(budget);
  assert.deepEqual(lookup, {
    reference: 'nginx:1',
    namespace: 'shop',
    architectures: ['arm64'],
    pullAlways: true,
    skipVerifyRegistry: true,
    pullSecrets: [{ namespace: 'shop', name: 'regcred' }, extraPullSecret],
  });
});

test('of thousands of pull secrets the first twenty are read, each once', async () => {
  const names = Array.from({ length: 8_000 }, (_, i) => `secret-${Math.floor(i / 2)}`);
  const { asked } = await ask({ ...question, imagePullSecrets: names });
  const read = asked[0]?.pullSecrets.map(({ name }) => name);
  assert.deepEqual(
    read,
    Array.from({ length: 20 }, (_, i) => `secret-${i}`),
  );
});

test('commands that are too long together are told per image, and the others answered', async () => {
  const images = Array.from({ length: 12 }, (_, i) => `long-${i}`);
  const { answer } = (await ask({ ...question, images })) as {
    answer: { images: object; errors: Readonly<Record<string, string>> };
  };
  assert.equal(Object.keys(answer.images).length, 10);
  const errors = Object.values(answer.errors);
  assert.equal(errors.length, 2);
  assert.match(errors[0] ?? '', /have commands of more than 1048576 bytes in all; set command/);
});

test('all images of a Pod share one budget, and another Pod has its own', async () => {
  const { asked } = await ask({ ...question, images: ['nginx:1', 'nginx:2'] });
  const budgets = new Set(asked.map(({ budget }) => budget));
  assert.equal(asked.length, 2);
  assert.equal(budgets.size, 1);
  const { asked: others } = await ask(question);
  assert.ok(!budgets.has(others[0]?.budget));
});

test('an empty extra pull secret is none', async () => {
  const { asked } = await ask({ ...question, extraPullSecret: {} });
  assert.deepEqual(asked[0]?.pullSecrets, [{ namespace: 'shop', name: 'regcred' }]);
});

test('an image that several containers use is asked for once', async () => {
  const { asked } = await ask({ ...question, images: ['nginx:1', 'nginx:1', 'redis:7'] });
  assert.deepEqual(
    asked.map(({ reference }) => reference),
    ['nginx:1', 'redis:7'],
  );
});

test('one image that fails leaves the others their answer; its error is one line', async () => {
  const { answer, facts } = await ask({ ...question, images: ['nginx:1', 'private'] });
  assert.deepEqual(answer, {
    nonce: 'n1',
    images: { 'nginx:1': nginx },
    errors: { private: 'registry: 401 for private; set command' },
  });
  assert.deepEqual(Object.keys(facts.failures ?? {}), ['private']);
  assert.equal(facts.namespace, 'shop');
});

test('the text of an unforeseen error stays inside', async () => {
  const { answer } = await ask({ ...question, images: ['broken'] });
  const { errors } = answer as { errors: Record<string, string> };
  assert.match(errors['broken'] ?? '', /^image broken: the lookup failed inside the provider/);
});

test('names of Object.prototype are images like others', async () => {
  const { answer } = await ask({ ...question, images: ['__proto__', 'constructor'] });
  assert.deepEqual(Object.keys((answer as { images: object }).images), [
    '__proto__',
    'constructor',
  ]);
});

test('no images, no lookups', async () => {
  const { answer } = await ask({ nonce: 'n1', images: [] });
  assert.deepEqual(answer, { nonce: 'n1', images: {}, errors: {} });
});

test('the same question is answered as often as it comes: what is in it can be asked again', async () => {
  assert.deepEqual((await ask(question)).answer, (await ask(question)).answer);
});

const toldPerImage: Record<string, [question: object, error: RegExp]> = {
  'an unknown field, naming it': [
    { ...question, verifySignatures: true },
    /additional properties: verifySignatures\); apply the policies of the same release/,
  ],
  'a missing field': [{ ...question, namespace: undefined }, /required property 'namespace'/],
  'a field of the wrong type': [
    { ...question, architectures: 'arm64' },
    /question\/architectures must be array/,
  ],
  'an image whose name is too long': [
    { ...question, images: ['nginx:1', 'a'.repeat(2_049)] },
    /question\/images\/1 must NOT have more than 2048 characters/,
  ],
  'half an extra pull secret': [{ ...question, extraPullSecret: { name: 'a' } }, /extraPullSecret/],
};

for (const [name, [written, error]] of Object.entries(toldPerImage)) {
  test(`tells the author of the Pod about ${name}`, async () => {
    const { answer, asked } = await ask(written);
    const { errors, images } = answer as { errors: Record<string, string>; images: object };
    assert.match(errors['nginx:1'] ?? '', error);
    assert.deepEqual([images, asked], [{}, []]);
  });
}

test('more images than a Pod has are not looked up', async () => {
  const images = Array.from({ length: 51 }, (_, index) => `image-${index}`);
  const { answer, asked } = await ask({ ...question, images });
  const { errors } = answer as { errors: Record<string, string> };
  assert.equal(Object.keys(errors).length, 51);
  assert.match(errors['image-50'] ?? '', /at most 50 can be; set command/);
  assert.deepEqual(asked, []);
});

test('a question that is not answered is refused for each of its images, under its nonce', async () => {
  const busy = new ProviderError('rate_limited', 'the provider has 9 requests in work; try again');
  const { answer, asked, facts } = await ask(
    { ...question, images: ['nginx:1', 'redis:7'] },
    [key],
    busy,
  );
  const because = 'was not looked up: the provider has 9 requests in work; try again';
  assert.deepEqual(answer, {
    nonce: 'n1',
    images: {},
    errors: { 'nginx:1': `image nginx:1 ${because}`, 'redis:7': `image redis:7 ${because}` },
  });
  assert.deepEqual([asked, facts.images], [[], ['nginx:1', 'redis:7']]);
});

test('why a question failed inside the provider is not told', async () => {
  const { answer } = await ask(question, [key], new TypeError('secret internals'));
  const { errors } = answer as { errors: Record<string, string> };
  assert.match(errors['nginx:1'] ?? '', /^image nginx:1: the lookup failed inside the provider/);
});

const refused: Record<string, [written: unknown, code: string, keys?: string[]]> = {
  'a payload that is not JSON': ['{', 'invalid_request'],
  'a payload that is no object': ['[]', 'invalid_request'],
  'a question without nonce': [{ ...question, nonce: undefined }, 'invalid_request'],
  'a question with an empty nonce': [{ ...question, nonce: '' }, 'invalid_request'],
  'images that are no list': [{ ...question, images: 'nginx' }, 'invalid_request'],
  'an image that is no text': [{ ...question, images: [null] }, 'invalid_request'],
  'a question under another key': [question, 'unsealed_message', ['b3RoZXIta2V5']],
};

for (const [name, [written, code, keys]] of Object.entries(refused)) {
  test(`refuses ${name}`, async () => {
    await assert.rejects(ask(written, keys), { code });
  });
}
