import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDecision, describeKeys, type LaunchDecision } from './audit.ts';

const identified = { pod: 'api-0' };
const ends: Record<string, [code: string, facts: object, expected: LaunchDecision]> = {
  'an answer is allowed': ['ok', identified, { decision: 'allowed' }],
  'a token is denied by check 1': ['invalid_token', {}, { decision: 'denied', check: 1 }],
  'a signature is denied by check 4': [
    'signature_mismatch',
    identified,
    { decision: 'denied', check: 4 },
  ],
  'too many of an address are denied by check 0': [
    'rate_limited',
    {},
    { decision: 'denied', check: 0 },
  ],
  'too many questions of a Pod are denied by check 1': [
    'rate_limited',
    identified,
    { decision: 'denied', check: 1 },
  ],
  'too many launches of a Pod are denied by check 8': [
    'rate_limited',
    { ...identified, rule: 'default namespace' },
    { decision: 'denied', check: 8 },
  ],
  'a secret that names others is denied by check 9': [
    'service_account_not_allowed',
    identified,
    { decision: 'denied', check: 9 },
  ],
  'an AWS that fails decided nothing': ['aws_unavailable', identified, { decision: 'failed' }],
  'a fault decided nothing': ['internal_error', {}, { decision: 'failed' }],
};

for (const [name, [code, facts, expected]] of Object.entries(ends)) {
  test(name, () => {
    assert.deepEqual(describeDecision(code, facts), expected);
  });
}

test('keys are named, as many and as long as a line can hold', () => {
  assert.deepEqual(describeKeys(['A', 'db.password']), ['A', 'db.password']);
  const keys = describeKeys(Array.from({ length: 500 }, () => 'x'.repeat(1_000)));
  assert.deepEqual([keys.length, keys[0]?.length], [100, 100]);
});
