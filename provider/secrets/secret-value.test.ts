import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { SecretValue } from './secret-value.ts';

const value = new SecretValue('hunter2');

const slips: Record<string, () => string> = {
  'in a template': () => `password is ${String(value)}`,
  'as JSON': () => JSON.stringify({ value }),
  inspected: () => inspect({ nested: [value] }, { showHidden: true, depth: 9 }),
  formatted: () => format('%s %o %j', value, value, value),
  'in an error': () => String(new Error('failed', { cause: value }).cause),
};

for (const [name, slip] of Object.entries(slips)) {
  test(`a value ${name} is redacted`, () => {
    assert.match(slip(), /\[redacted\]/);
    assert.doesNotMatch(slip(), /hunter2/);
  });
}

test('a value is revealed when asked for', () => {
  assert.equal(value.reveal(), 'hunter2');
});
