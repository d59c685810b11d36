import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Admission, createGuard } from './guard.ts';

const limits = { maxConcurrent: 3, maxConcurrentPerAddress: 2, requestsPerSecondPerAddress: 5 };

function leave(admission: Admission): void {
  assert.ok(admission.admitted);
  admission.leave();
}

test('one address has its share and leaves the others theirs', () => {
  const guard = createGuard(limits, () => 0);
  assert.ok(guard.enter('a').admitted);
  assert.ok(guard.enter('a').admitted);
  const refused = guard.enter('a');
  assert.ok(!refused.admitted);
  assert.match(refused.reason, /this address has 2 requests in work/);
  assert.equal(refused.retryAfterSeconds, 1);
  assert.ok(guard.enter('b').admitted);
});

test('the provider takes on no more than it can in all', () => {
  const guard = createGuard(limits, () => 0);
  for (const address of ['a', 'b', 'c']) assert.ok(guard.enter(address).admitted);
  const refused = guard.enter('d');
  assert.ok(!refused.admitted);
  assert.match(refused.reason, /the provider has 3 requests in work/);
});

test('an answered request makes room', () => {
  const guard = createGuard(limits, () => 0);
  const first = guard.enter('a');
  assert.ok(guard.enter('a').admitted);
  assert.ok(!guard.enter('a').admitted);
  leave(first);
  assert.ok(guard.enter('a').admitted);
});

test('an address may send two seconds’ worth at once, and then its rate', () => {
  let nowMs = 0;
  const guard = createGuard(limits, () => nowMs);
  for (let sent = 0; sent < 10; sent += 1) assert.ok(guard.arrive('a').admitted);
  const refused = guard.arrive('a');
  assert.ok(!refused.admitted);
  assert.match(refused.reason, /more than 5 requests per second/);
  assert.equal(refused.retryAfterSeconds, 0.2);
  assert.ok(guard.arrive('b').admitted, 'another address is not held back');
  nowMs = 200;
  assert.ok(guard.arrive('a').admitted);
  assert.ok(!guard.arrive('a').admitted);
});

test('silence saves up no more than the burst', () => {
  let nowMs = 0;
  const guard = createGuard(limits, () => nowMs);
  assert.ok(guard.arrive('a').admitted);
  nowMs = 3_600_000;
  for (let sent = 0; sent < 10; sent += 1) assert.ok(guard.arrive('a').admitted);
  assert.ok(!guard.arrive('a').admitted);
});

test('a request that is still being sent takes no slot', () => {
  const guard = createGuard({ ...limits, requestsPerSecondPerAddress: 100 }, () => 0);
  for (let sent = 0; sent < 50; sent += 1) assert.ok(guard.arrive('a').admitted);
  assert.ok(guard.enter('a').admitted);
  assert.ok(guard.enter('a').admitted);
  const refused = guard.arrive('a');
  assert.ok(!refused.admitted, 'where all slots are taken, no body is read');
  assert.match(refused.reason, /this address has 2 requests in work/);
});
