import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sumOfMetric } from './metric-sum.ts';

const text = `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{kind="Pod",code="200"} 2
calls_total{kind="Pod",code="404"} 3
calls_total{kind="Podcast",code="200"} 100
calls_total_of_others{kind="Pod"} 1000
starts_total 7
`;

const sums: Record<string, [name: string, labels: Record<string, string>, sum: number]> = {
  'all samples of a metric': ['calls_total', {}, 105],
  'those with a label': ['calls_total', { kind: 'Pod' }, 5],
  'those with two labels': ['calls_total', { code: '404', kind: 'Pod' }, 3],
  'a sample without labels': ['starts_total', {}, 7],
  'nothing of a metric that is not there': ['ends_total', {}, 0],
};

for (const [what, [name, labels, sum]] of Object.entries(sums)) {
  test(`adds up ${what}`, () => {
    assert.equal(sumOfMetric(text, name, labels), sum);
  });
}
