import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ProviderError, type ErrorCode } from '../errors.ts';
import type { PodEvent } from '../kubernetes/events.ts';
import { unsignedToken } from '../testing/unsigned-token.ts';
import { withDenialEvents, type EventOutcome } from './denial-events.ts';
import type { LaunchFacts } from './launch-facts.ts';
import { parseLaunchToken } from './token.ts';
import type { SelectedValues } from '../secrets/values.ts';

const FOREVER = new AbortController().signal;
const token = parseLaunchToken(unsignedToken(), Date.now());
const known: LaunchFacts = { namespace: 'shop', pod: 'api-0', podUid: 'uid-1', container: 'app' };

function create(write: () => Promise<'written' | 'exists'> = () => Promise.resolve('written')) {
  let nowMs = 0;
  const events: PodEvent[] = [];
  const outcomes: EventOutcome[] = [];
  const failures: unknown[] = [];
  const noted: LaunchFacts[] = [];
  /** The outcome of a launch about which `facts` are known. */
  const launches: { facts: LaunchFacts; error: Error }[] = [];
  const read = withDenialEvents(
    (_, { note }) => {
      const { facts, error } = launches.shift() ?? { facts: known, error: new Error() };
      note(facts);
      return Promise.reject(error);
    },
    {
      writeEvent: (event) => {
        events.push(event);
        return write();
      },
      observe: (outcome) => outcomes.push(outcome),
      onFailure: (error) => failures.push(error),
      now: () => nowMs,
    },
  );
  const refuse = async (error: Error, facts = known) => {
    launches.push({ facts, error });
    const context = {
      signal: FOREVER,
      note: (more: LaunchFacts) => noted.push(more),
      answer: (values: SelectedValues) => values,
    };
    await assert.rejects(
      read({ token, body: {}, address: '10.1.2.3' }, context),
      (thrown) => thrown === error,
    );
    await setImmediate();
  };
  return { refuse, events, outcomes, failures, noted, at: (ms: number) => (nowMs = ms) };
}

const denial = (code: ErrorCode) => new ProviderError(code, 'add a rule');

test('a refusal of a known Pod is an Event on it, with code and message', async () => {
  const { refuse, events, outcomes, noted } = create();
  await refuse(denial('access_denied'));
  assert.equal(events.length, 1);
  const { name, ...event } = events[0] ?? assert.fail();
  assert.match(name, /^api-0\.[\da-f]{16}$/);
  assert.deepEqual(event, {
    namespace: 'shop',
    pod: { name: 'api-0', uid: 'uid-1' },
    container: 'app',
    reason: 'AccessDenied',
    message: 'access_denied: add a rule',
    atMs: 0,
  });
  assert.deepEqual(outcomes, ['written']);
  assert.deepEqual(noted, [known], 'the audit line knows as much as before');
});

const silent: Record<string, [error: Error, facts?: LaunchFacts]> = {
  'a token that nobody knows': [denial('invalid_token'), { references: 1 }],
  'a Pod whose uid is not known': [denial('access_denied'), { namespace: 'shop', pod: 'api-0' }],
  'what passes when tried again': [denial('container_not_running')],
  'too many requests': [denial('rate_limited')],
  'an AWS that does not answer': [denial('aws_unavailable')],
  'a fault of the provider': [new Error('a fault')],
};

for (const [name, [error, facts]] of Object.entries(silent)) {
  test(`${name} makes no Event`, async () => {
    const { refuse, events } = create();
    await refuse(error, facts);
    assert.deepEqual(events, []);
  });
}

test('the same refusal is told once in ten minutes', async () => {
  const { refuse, events, at } = create();
  for (const ms of [0, 1_000, 599_999]) {
    at(ms);
    await refuse(denial('access_denied'));
  }
  assert.equal(events.length, 1);
  at(600_000);
  await refuse(denial('access_denied'));
  assert.equal(events.length, 2);
});

test('two replicas name the Event of one refusal alike, and other refusals otherwise', async () => {
  const [one, other] = [create(), create()];
  await one.refuse(denial('access_denied'));
  await other.refuse(denial('access_denied'));
  assert.equal(one.events[0]?.name, other.events[0]?.name);
  await other.refuse(denial('pod_gone'));
  await other.refuse(denial('access_denied'), { ...known, container: 'worker' });
  await other.refuse(denial('access_denied'), { ...known, podUid: 'uid-2' });
  assert.equal(new Set(other.events.map(({ name }) => name)).size, 4);
});

test('a Pod with a long name gets an Event with a valid one', async () => {
  const { refuse, events } = create();
  await refuse(denial('pod_gone'), { ...known, pod: `${'a'.repeat(229)}.b` });
  assert.match(events[0]?.name ?? '', /^a{229}\.[\da-f]{16}$/);
});

test('many refusals at once are bounded, and later ones are told again', async () => {
  const { refuse, events, outcomes, at } = create();
  for (let pod = 0; pod < 100; pod += 1) {
    await refuse(denial('access_denied'), { ...known, podUid: `uid-${pod}` });
  }
  assert.equal(events.length, 50);
  assert.equal(outcomes.filter((outcome) => outcome === 'dropped').length, 50);
  at(1_000);
  for (let pod = 100; pod < 110; pod += 1) {
    await refuse(denial('access_denied'), { ...known, podUid: `uid-${pod}` });
  }
  assert.equal(events.length, 55);
});

test('an Event that cannot be written changes nothing, and is not tried again at once', async () => {
  const { refuse, events, outcomes, failures } = create(() => Promise.reject(new Error('no')));
  await refuse(denial('access_denied'));
  await refuse(denial('access_denied'));
  assert.deepEqual([events.length, outcomes, failures.length], [1, ['failed'], 1]);
});

test('an answer does not wait for its Event', async () => {
  const { refuse, events } = create(() => new Promise(() => undefined));
  await refuse(denial('access_denied'));
  assert.equal(events.length, 1);
});
