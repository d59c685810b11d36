import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference } from '../secrets/reference.ts';
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
  'too many questions of a Pod about several secrets are denied by check 1': [
    'rate_limited',
    { ...identified, sources: [{ secretId: 'shop/a' }, { secretId: 'shop/b' }] },
    { decision: 'denied', check: 1 },
  ],
  'too many launches of a Pod that may read several secrets are denied by check 8': [
    'rate_limited',
    { ...identified, sources: [{ rule: 'default namespace' }, { rule: 'shared' }] },
    { decision: 'denied', check: 8 },
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
  const keysOf = (texts: readonly string[]) => describeKeys(texts.map(parseReference));
  assert.deepEqual(keysOf(['A', 'db.password']), ['A', 'db.password']);
  const keys = keysOf(Array.from({ length: 500 }, () => 'x'.repeat(1_000)));
  assert.deepEqual([keys.length, keys[0]?.length], [100, 100]);
});

test('of a reference with a default all is named but the default', () => {
  const texts = ['key:A?default=canary', 'secret:shop/db#A?stage=AWSPREVIOUS&default=canary'];
  const told = ['key:A?default=…', 'secret:shop/db#A?stage=AWSPREVIOUS&default=…'];
  assert.deepEqual(describeKeys(texts.map(parseReference)), told);
});
