import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { ErrorCode } from '../errors.ts';
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
