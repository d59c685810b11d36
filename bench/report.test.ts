import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCell, isReached, renderMarkdown, renderText, type SectionReport } from './report.ts';

const cells: Record<string, [cell: string | number, text: string]> = {
  'text as it is': ['warm', 'warm'],
  'a small number with two decimals': [1.234, '1.23'],
  'a number from ten on with one decimal': [12.34, '12.3'],
  'a number from a hundred on without decimals': [123.4, '123'],
  'a whole number as it is': [7, '7'],
  'thousands apart': [1234567.8, '1,234,568'],
  'nothing measured': [NaN, 'NaN'],
};

for (const [name, [cell, text]] of Object.entries(cells)) {
  test(`writes ${name}`, () => {
    assert.equal(formatCell(cell), text);
  });
}

const target = { sentence: 'requests per second', limit: 100 };

test('a target is reached at its limit, and missed beyond it', () => {
  assert.ok(isReached({ ...target, kind: 'atLeast', measured: 100 }));
  assert.ok(!isReached({ ...target, kind: 'atLeast', measured: 99 }));
  assert.ok(isReached({ ...target, kind: 'atMost', measured: 100 }));
  assert.ok(!isReached({ ...target, kind: 'atMost', measured: 101 }));
  assert.ok(!isReached({ ...target, kind: 'atMost', measured: NaN }));
});

const report: SectionReport = {
  tables: [
    {
      title: 'Requests',
      columns: ['', 'p50 ms'],
      rows: [
        ['warm', 1.5],
        ['cold cache', 12],
      ],
    },
  ],
  targets: [{ ...target, kind: 'atLeast', measured: 99 }],
  notes: ['curl is missing'],
};

test('text has aligned columns, what was reached and what is to be known', () => {
  assert.equal(
    renderText(report),
    `Requests
              p50 ms
  warm          1.50
  cold cache      12

Targets
                       measured  target
  requests per second        99   ≥ 100  MISSED

curl is missing
`,
  );
});

test('Markdown has the same in tables and a list', () => {
  assert.equal(
    renderMarkdown(report),
    `**Requests**

|            | p50 ms |
| ---------- | -----: |
| warm       |   1.50 |
| cold cache |     12 |

**Targets**

|                     | measured | target |        |
| ------------------- | -------: | -----: | -----: |
| requests per second |       99 |  ≥ 100 | MISSED |

- curl is missing`,
  );
});
