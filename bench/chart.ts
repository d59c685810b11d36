// Draws bars as SVG that reads on light and dark pages alike, without scripts and fonts of its own.

import type { Chart } from './report.ts';
import { formatCell } from './report.ts';

const WIDTH = 720;
const LABEL_WIDTH = 260;
const VALUE_WIDTH = 110;
const ROW_HEIGHT = 26;
const TOP = 40;

export function renderChart({ title, unit, bars }: Chart): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const space = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const rows = bars.flatMap(({ label, value }, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const width = most > 0 ? Math.max(1, (value / most) * space) : 1;
    return [
      text({ x: LABEL_WIDTH - 10, y: y + 15, anchor: 'end' }, label),
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="20" rx="2" fill="#4e79a7"/>`,
      text(
        { x: LABEL_WIDTH + width + 8, y: y + 15, anchor: 'start' },
        `${formatCell(value)} ${unit}`,
      ),
    ];
  });
  const height = TOP + bars.length * ROW_HEIGHT + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escape(title)}</title>`,
    text({ x: 10, y: 22, anchor: 'start' }, title),
    ...rows,
    '</svg>\n',
  ].join('\n');
}

type Place = { readonly x: number; readonly y: number; readonly anchor: 'end' | 'start' };

function text({ x, y, anchor }: Place, content: string): string {
  // Grey that is legible on white and on black.
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" fill="#808080">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
