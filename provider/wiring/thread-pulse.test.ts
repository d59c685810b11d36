import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createPulse } from './thread-pulse.ts';

const SILENCE_MS = 1_000;

function watch({ mock }: TestContext) {
  mock.timers.enable({ apis: ['setInterval'] });
  const events: string[] = [];
  const pulse = createPulse(SILENCE_MS, {
    ask: () => events.push('asked'),
    giveUp: () => events.push('given up'),
  });
  const pass = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      mock.timers.tick(SILENCE_MS);
      await setImmediate();
    }
  };
  return { events, pulse, pass };
}

test('nothing is asked before the first message', async (context) => {
  const { events, pass } = watch(context);
  await pass(3);
  assert.deepEqual(events, []);
});

test('a thread that answers is asked again and again', async (context) => {
  const { events, pulse, pass } = watch(context);
  for (let time = 0; time < 3; time += 1) {
    pulse.heard();
    await pass(1);
  }
  assert.deepEqual(events, ['asked', 'asked', 'asked']);
});

test('a thread that says nothing once it was asked is given up', async (context) => {
  const { events, pulse, pass } = watch(context);
  pulse.heard();
  await pass(2);
  assert.deepEqual(events, ['asked', 'given up']);
});

test('a word that is read only after the time was up counts', async (context) => {
  const { events, pulse, pass } = watch(context);
  pulse.heard();
  await pass(1);
  context.mock.timers.tick(SILENCE_MS);
  pulse.heard();
  await setImmediate();
  assert.deepEqual(events, ['asked', 'asked']);
});

test('a thread that has ended is not asked', async (context) => {
  const { events, pulse, pass } = watch(context);
  pulse.heard();
  pulse.end();
  await pass(2);
  assert.deepEqual(events, []);
});
