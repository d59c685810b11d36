import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderCompatibilityTable } from './compatibility-table.ts';

const versions = [
  { minor: '1.30', patch: 'v1.30.14' },
  { minor: '1.36', patch: 'v1.36.3' },
  { minor: '1.37', patch: 'v1.37.2' },
];

test('each version has a row, the newest first, with what failed and why others were not run', () => {
  const table = renderCompatibilityTable(versions, {
    '1.37': {
      kubernetes: 'v1.37.2',
      date: '2026-11-29',
      passed: ['a', 'b'],
      failed: [],
      notRun: {},
    },
    '1.30': {
      kubernetes: 'v1.30.14',
      date: '2026-11-28',
      passed: ['a'],
      failed: ['c'],
      notRun: { b: 'needs Kubernetes 1.35', d: 'is slow', e: 'is slow' },
    },
  });
  assert.equal(
    table,
    [
      '| Kubernetes | last run | scenarios passed | failed | not run |',
      '| --- | --- | --- | --- | --- |',
      '| 1.37.2 | 2026-11-29 | 2 | none | none |',
      '| 1.36 | no run recorded |  |  |  |',
      '| 1.30.14 | 2026-11-28 | 1 | `c` | needs Kubernetes 1.35: `b`; is slow: `d`, `e` |',
    ].join('\n'),
  );
});
