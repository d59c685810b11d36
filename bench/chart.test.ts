import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderChart } from './chart.ts';

const chart = {
  title: 'Time <over> exec & back',
  unit: 'ms',
  bars: [
    { label: 'curl', value: 20 },
    { label: 'launcher', value: 5 },
  ],
};

test('bars are as long as their values', () => {
  const widths = [...renderChart(chart).matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  assert.equal(widths.length, 2);
  assert.equal((widths[0] ?? 0) / (widths[1] ?? 1), 4);
});

test('labels, values and units are there, and nothing in them is markup', () => {
  const svg = renderChart(chart);
  for (const said of ['>curl<', '>5 ms<', '>Time &lt;over&gt; exec &amp; back<']) {
    assert.ok(svg.includes(said), svg);
  }
});

test('nothing measured is drawn as nothing', () => {
  assert.match(renderChart({ ...chart, bars: [{ label: 'none', value: 0 }] }), /width="1.0"/);
});
