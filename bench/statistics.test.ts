import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleave, median, summarize } from './statistics.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => count - index);

test('percentiles are values that were measured', () => {
  assert.deepEqual(summarize(upTo(100)), { count: 100, median: 50, p95: 95, p99: 99, max: 100 });
  assert.deepEqual(summarize(upTo(1000)), {
    count: 1000,
    median: 500,
    p95: 950,
    p99: 990,
    max: 1000,
  });
});

const medians: Record<string, [values: number[], expected: number]> = {
  'of one value is that value': [[7], 7],
  'does not sort numbers as text': [[10, 9, 100], 10],
  'of an even number is the lower of the two in the middle': [[1, 2, 3, 4], 2],
  'of nothing is no number': [[], NaN],
};

for (const [name, [values, expected]] of Object.entries(medians)) {
  test(`the median ${name}`, () => {
    assert.equal(median(values), expected);
  });
}

test('variants take turns, and every other round goes backwards', async () => {
  const order: string[] = [];
  const results = await interleave(['a', 'b', 'c'], 3, (variant) => {
    order.push(variant);
    return Promise.resolve(order.length);
  });
  assert.equal(order.join(''), 'abccbaabc');
  assert.deepEqual(results.get('a'), [1, 6, 7]);
});
