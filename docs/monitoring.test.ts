// Holds the list of metrics and the dashboard to what the provider shows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '../provider/observability/metrics.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
const shown = (await createMetrics().render()).text;
const metrics = new Map(
  [...shown.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
);
const ours = [...metrics.keys()].filter((name) => name.startsWith('piggy_'));

/** As the sources write them: the registry names labels only with the first value. */
const sources = ['metrics.ts', 'key-metrics.ts']
  .map((file) => read(`../provider/observability/${file}`))
  .join('\n');
function labelsOf(metric: string): string[] {
  const [, after = ''] = sources.split(`'${metric}'`);
  const [definition = ''] = after.split(/^ {2}\}\);/m);
  const list = /labelNames: \[([^\]]*)\]/.exec(definition)?.[1] ?? '';
  return [...list.matchAll(/'(\w+)'/g)].map(([, label = '']) => label);
}

test('operations.md lists every metric of ours and no other', () => {
  const listed = [...read('operations.md').matchAll(/^\| `(piggy_\w+)`/gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), [...ours].sort());
});

type Panel = {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
};
const dashboard = JSON.parse(read('monitoring/dashboard.json')) as { readonly panels: Panel[] };

/** What Prometheus adds, of a histogram too. */
const ADDED_LABELS = ['job', 'pod', 'le', 'instance', 'namespace'];

for (const { title, targets } of dashboard.panels) {
  test(`the panel "${title}" asks only for metrics and labels that exist`, () => {
    assert.ok(targets.length > 0);
    for (const { expr, legendFormat } of targets) {
      const names = [...expr.matchAll(/\b((?:piggy|process|nodejs)_\w+)/g)].map(
        ([, name = '']) => name,
      );
      const known = names.map((name) => (metrics.has(name) ? name : name.replace(/_bucket$/, '')));
      assert.ok(known.length > 0, expr);
      for (const name of known) assert.ok(metrics.has(name), name);
      const allowed = [...ADDED_LABELS, ...known.flatMap(labelsOf)];
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = '']) =>
        by.split(/, */),
      );
      const matched = [...expr.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      const shownLabels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(
        ([, label = '']) => label,
      );
      for (const label of [...grouped, ...matched, ...shownLabels]) {
        assert.ok(allowed.includes(label), `${label} in ${expr}`);
      }
    }
  });
}

test('each metric of ours is on the dashboard', () => {
  const asked = dashboard.panels
    .flatMap(({ targets }) => targets.map(({ expr }) => expr))
    .join(' ');
  assert.deepEqual(
    ours.filter((name) => !asked.includes(name)),
    [],
  );
});
