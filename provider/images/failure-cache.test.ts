import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ProviderError, type ErrorCode } from '../errors.ts';
import { OCI_MANIFEST } from '../testing/registry-images.ts';
import { startRegistryAndReader } from '../testing/registry-reader.ts';
import { createFailureCache, type Failure } from './failure-cache.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

const failed = (code: ErrorCode, retryAfterSeconds?: number): Failure => ({
  kind: 'failed',
  words: { code, message: 'm', retryAfterSeconds },
});

const cases: Record<string, [failure: Failure, keptMs: number]> = {
  'a refusal of every credential': [{ kind: 'refused', refusals: [] }, 10_000],
  'a registry that does not answer': [failed('registry_unavailable'), 5_000],
  'a busy registry': [failed('registry_rate_limited'), 10_000],
  'a busy registry that names a time': [failed('registry_rate_limited', 20), 20_000],
  'a busy registry that names a long time': [failed('registry_rate_limited', 86_400), 60_000],
  'an image that is none': [failed('image_unreadable'), 30_000],
  'platforms that disagree': [failed('platforms_disagree'), 30_000],
  'a platform that is not there': [failed('image_not_found'), 10_000],
  'an address that is never asked': [failed('registry_not_allowed'), 30_000],
  'what has nothing to do with the registry': [failed('internal_error'), 0],
};

for (const [name, [failure, keptMs]] of Object.entries(cases)) {
  test(`${name} is kept for ${keptMs} ms`, () => {
    const clock = { now: 1_000 };
    const cache = createFailureCache(() => clock.now);
    const keys = { lookup: 'image', registry: 'host' };
    cache.keep(keys, failure);
    clock.now += keptMs - 1;
    if (keptMs > 0) assert.deepEqual(cache.find(keys), failure);
    clock.now += 1;
    assert.equal(cache.find(keys), undefined);
  });
}

const keysOf = (key: number) => ({ lookup: `image ${key}`, registry: `host ${key}` });

test('of a message no more is kept than one line shows', () => {
  const cache = createFailureCache(() => 0);
  const words = { code: 'image_unreadable', message: 'x'.repeat(5_000) } as const;
  cache.keep(keysOf(0), { kind: 'failed', words: { ...words, retryAfterSeconds: undefined } });
  const found = cache.find(keysOf(0));
  assert.ok(found?.kind === 'failed');
  assert.equal(found.words.message, `${'x'.repeat(999)}…`);
});

test('failures whose time is over leave, and push out none that lasts', () => {
  const clock = { now: 1_000 };
  const cache = createFailureCache(() => clock.now);
  cache.keep(keysOf(0), failed('image_unreadable'));
  for (let key = 1; key < 4_000; key += 1) cache.keep(keysOf(key), failed('registry_unavailable'));
  clock.now += 5_000;
  for (let key = 4_000; key < 8_000; key += 1) cache.keep(keysOf(key), failed('image_not_found'));
  assert.ok(cache.find(keysOf(0)));
});

test('of many failures at once each costs the same', () => {
  let looks = 0;
  const cache = createFailureCache(() => (looks += 1) / 1_000_000);
  for (let key = 0; key < 4_000; key += 1) cache.keep(keysOf(key), failed('image_not_found'));
  assert.ok(looks <= 5 * 4_000, `the clock is read ${looks} times`);
});

test('long failures push out what was used least', () => {
  const cache = createFailureCache(() => 0);
  const refusals = [{ source: 'x'.repeat(1_500_000), status: 403 }];
  for (const key of [0, 1, 2]) cache.keep(keysOf(key), { kind: 'refused', refusals });
  assert.deepEqual(
    [0, 1, 2].map((key) => cache.find(keysOf(key)) !== undefined),
    [false, true, true],
  );
});

async function start() {
  const started = await startRegistryAndReader();
  closings.push(started.close);
  return started;
}

test('an image that is not there is asked for once in ten seconds, and then found', async () => {
  const { registry, read, clock, countOf } = await start();
  const expected = {
    code: 'image_not_found',
    message: /404 for app:v1 anonymously; check its name/,
  };
  await assert.rejects(read(`${registry.host}/app:v1`), expected);
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  await assert.rejects(read(`${registry.host}/app:v1`), expected);
  assert.equal(countOf(/./), 1);
  clock.now += 10_000;
  assert.deepEqual((await read(`${registry.host}/app:v1`)).entrypoint, ['/app']);
});

test('a failure of one image is not that of another, nor of another platform', async () => {
  const { registry, read } = await start();
  registry.addIndex('app', 'v1', [
    { architecture: 'amd64', entrypoint: ['/a'] },
    { architecture: 'arm64', entrypoint: ['/b'] },
  ]);
  await assert.rejects(read(`${registry.host}/app:v1`), { code: 'platforms_disagree' });
  await assert.rejects(read(`${registry.host}/app:v2`), { code: 'image_not_found' });
  const { entrypoint } = await read(`${registry.host}/app:v1`, { architectures: ['arm64'] });
  assert.deepEqual(entrypoint, ['/b']);
});

test('who asks again is told the same by an error of its own, which holds nothing of the first', async () => {
  const { registry, read, countOf } = await start();
  registry.addManifest('app', 'v1', { contentType: OCI_MANIFEST, content: '{' });
  const [first, again] = [await failureOf(read), await failureOf(read)];
  assert.equal(countOf(/./), 1);
  assert.deepEqual([again.code, again.message], [first.code, first.message]);
  assert.notEqual(again, first);
  assert.equal(again.cause, undefined);

  async function failureOf(ask: typeof read): Promise<ProviderError> {
    const error: unknown = await ask(`${registry.host}/app:v1`).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ProviderError);
    return error;
  }
});

test('a registry that asks for a time is left alone for it, with all its images', async () => {
  const { registry, read, clock, countOf } = await start();
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  registry.answerNext(1, /./, { status: 429, headers: { 'retry-after': '30' } });
  for (const image of ['app:v1', 'app:v1', 'other:v1']) {
    await assert.rejects(read(`${registry.host}/${image}`), { code: 'registry_rate_limited' });
  }
  assert.equal(countOf(/./), 1);
  clock.now += 30_000;
  assert.deepEqual((await read(`${registry.host}/app:v1`)).entrypoint, ['/app']);
});

test('what a registry asks of one namespace holds for no other, nor is it told its words', async () => {
  const { registry, read, countOf } = await start();
  const errors = [{ code: 'TOOMANYREQUESTS', message: 'quota of team shop' }];
  const busy = { status: 429, headers: { 'retry-after': '30' }, body: JSON.stringify({ errors }) };
  registry.answerNext(1, /./, busy);
  for (const image of ['app:v1', 'other:v1']) {
    await assert.rejects(read(`${registry.host}/${image}`, { namespace: 'shop' }), {
      code: 'registry_rate_limited',
      message: /quota of team shop/,
    });
  }
  assert.equal(countOf(/./), 1);
  registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  const { entrypoint } = await read(`${registry.host}/app:v1`, { namespace: 'bank' });
  assert.deepEqual(entrypoint, ['/app']);
});
