// What makes a run worth anything: a wrong answer ends it, however fast it was.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { LaunchQuestion, LoadMethods } from './load.ts';
import { startRemote } from './remote.ts';
import type { StandInMethods } from './stand-ins.ts';

const standIns = await startRemote<StandInMethods>(join(import.meta.dirname, 'stand-ins.ts'));
const load = await startRemote<LoadMethods>(join(import.meta.dirname, 'load.ts'));
after(async () => {
  await Promise.all([load.stop(), standIns.stop()]);
});
const { canned } = await standIns.ask('describe', undefined);
const target = { urls: [canned.url], ca: canned.ca, connections: 3 };
const launch: LaunchQuestion = { token: 'a', uid: 'b', signature: 'c', values: { KEY: 'value' } };

async function ask(answer: string, question = launch) {
  await standIns.ask('cannedAnswer', answer);
  return load.ask('launch', { target, launches: Array<LaunchQuestion>(10).fill(question) });
}

test('right answers are timed, each of them', async () => {
  const { latenciesMs, elapsedMs } = await ask('{"missing":[],"values":{"KEY":"value"}}');
  assert.equal(latenciesMs.length, 10);
  assert.ok(latenciesMs.every((latencyMs) => latencyMs > 0 && latencyMs <= elapsedMs));
});

const wrong: Record<string, string> = {
  'another value': '{"values":{"KEY":"other"},"missing":[]}',
  'a key too many': '{"values":{"KEY":"value","OTHER":"value"},"missing":[]}',
  'a missing key': '{"values":{},"missing":["KEY"]}',
};

for (const [name, answer] of Object.entries(wrong)) {
  test(`an answer with ${name} ends the run`, async () => {
    await assert.rejects(ask(answer), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /the values are not those of the secret/);
      return true;
    });
  });
}

test('an answer where a refusal is due ends the run', async () => {
  const refusal = { status: 403, code: 'pod_gone' };
  const asked = ask('{"missing":[],"values":{"KEY":"value"}}', { ...launch, refusal });
  await assert.rejects(asked, /a bad request was answered/);
});
