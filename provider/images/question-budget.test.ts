import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { startRegistryAndReader } from '../testing/registry-reader.ts';
import { PER_QUESTION } from './lookup-budget.ts';
import { createQuestionBudget, type QuestionBudget } from './question-budget.ts';

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function start() {
  const started = await startRegistryAndReader({ access: { kind: 'bearer' } });
  closings.push(started.close);
  started.registry.addImage('app', 'v1', { entrypoint: ['/app'] });
  return started;
}

const small = (limits: Partial<Record<keyof typeof PER_QUESTION, number>>) =>
  createQuestionBudget({ ...PER_QUESTION, ...limits });

const repeat = (times: number, work: (index: number) => void) => {
  for (let index = 0; index < times; index += 1) work(index);
};

const used: Record<string, [use: (budget: QuestionBudget) => void, message: RegExp]> = {
  'more hosts than ten registries have': [
    (budget) => {
      repeat(41, (index) => {
        budget.takeRequest(`host-${index}`);
      });
    },
    /^the images of this Pod lead to more than 40 hosts; set command on its containers$/,
  ],
  'more requests than fifty images need': [
    (budget) => {
      repeat(2_001, () => {
        budget.takeRequest('ghcr.io');
      });
    },
    /^the images of this Pod need more than 2000 requests to registries; set command/,
  ],
  'more bytes than fifty images have': [
    (budget) => {
      repeat(1_025, () => {
        budget.takeBytes(65_536);
      });
    },
    /^the images of this Pod have more than 67108864 bytes to be read in all; set command/,
  ],
};

for (const [name, [use, message]] of Object.entries(used)) {
  test(`${name} are refused, and the author is told`, () => {
    assert.throws(
      () => {
        use(createQuestionBudget());
      },
      { code: 'invalid_request', message },
    );
  });
}

test('fifty images of ten platforms in three registries stay within the budget', () => {
  const budget = createQuestionBudget();
  repeat(50, (image) => {
    // Challenge, token, index; a manifest and a config for each platform, half of them sent on to storage.
    repeat(3 + 10 * 2 + 10, (request) => {
      budget.takeRequest(`registry-${image % 3}-${request % 4}`);
    });
    repeat(10, () => {
      budget.takeBytes(30_000);
    });
    budget.takeAnswer({ entrypoint: ['/docker-entrypoint.sh'], cmd: ['serve'] });
  });
});

test('a command that does not fit takes nothing from those that do', () => {
  const budget = small({ bytesAnswered: 100 });
  assert.throws(
    () => {
      budget.takeAnswer({ entrypoint: ['x'.repeat(200)], cmd: [] });
    },
    { message: /have commands of more than 100 bytes in all/ },
  );
  budget.takeAnswer({ entrypoint: ['/app'], cmd: [] });
});

const stopped: Record<string, [limits: Parameters<typeof small>[0], requests: number]> = {
  'with no request left asks nothing': [{ requests: 0 }, 0],
  'with two requests left asks twice': [{ requests: 2 }, 2],
  'with no host left asks nothing': [{ hosts: 0 }, 0],
  'with no bytes left stops at the first answer': [{ bytesRead: 0 }, 1],
};

for (const [name, [limits, requests]] of Object.entries(stopped)) {
  test(`a question ${name}, and says why`, async () => {
    const { registry, read } = await start();
    await assert.rejects(read(`${registry.host}/app:v1`, { budget: small(limits) }), {
      code: 'invalid_request',
      message: /^registry 127.*, image app:v1: the images of this Pod .*; set command/,
    });
    assert.equal(registry.requests.length, requests);
  });
}

test('another try is another request', async () => {
  const { registry, read } = await start();
  registry.answerNext(Infinity, /./, { status: 503, headers: { 'retry-after': '0' } });
  await assert.rejects(read(`${registry.host}/app:v1`, { budget: small({ requests: 3 }) }), {
    message: /more than 3 requests/,
  });
  assert.equal(registry.requests.length, 3);
});

test('who waits for a reading that another question cannot pay for, reads with its own budget', async () => {
  const { registry, read } = await start();
  const image = `${registry.host}/app:v1`;
  const poor = read(image, { budget: small({ requests: 2 }) });
  const others = [read(image), read(image), read(image, { namespace: 'bank' })];
  await assert.rejects(poor, { message: /more than 2 requests/ });
  for (const config of await Promise.all(others)) assert.deepEqual(config.entrypoint, ['/app']);
  // And the next one is not told of it either.
  assert.deepEqual((await read(image)).entrypoint, ['/app']);
});

test('a failure in one namespace is not told in another', async () => {
  const { registry, read } = await start();
  registry.answerNext(4, /manifests/, { status: 503, headers: { 'retry-after': '0' } });
  const image = `${registry.host}/app:v1`;
  await assert.rejects(read(image, { namespace: 'loud' }), { code: 'registry_unavailable' });
  assert.deepEqual((await read(image, { namespace: 'shop' })).entrypoint, ['/app']);
});
