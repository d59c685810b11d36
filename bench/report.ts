// What a section of the benchmark found, and how it reads: as text, and as Markdown for docs/performance.md.

export type Cell = string | number;

export type Table = {
  readonly title: string;
  /** The first names the rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
};

/** What was set out to be reached, and what was. */
export type Target = {
  readonly sentence: string;
  readonly measured: number;
  readonly limit: number;
  readonly kind: 'atLeast' | 'atMost';
};

export type Bar = { readonly label: string; readonly value: number };

export type Chart = {
  readonly title: string;
  /** Of the values. */
  readonly unit: string;
  readonly bars: readonly Bar[];
};

export type SectionReport = {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** What could not be measured here, and why; how it was measured, where that is not plain. */
  readonly notes: readonly string[];
  readonly chart?: Chart;
};

export function isReached({ measured, limit, kind }: Target): boolean {
  return kind === 'atLeast' ? measured >= limit : measured <= limit;
}

/** As precise as a measurement is: three digits, and whole numbers from a hundred on. */
export function formatCell(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) {
    return Math.round(cell).toLocaleString('en-US');
  }
  return cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2);
}

export function renderText({ tables, targets, notes }: SectionReport): string {
  const parts = [
    ...tables.map(({ title, ...table }) => `${title}\n${renderGrid(table)}`),
    ...(targets.length === 0 ? [] : [`Targets\n${renderGrid(tabulate(targets))}`]),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function renderMarkdown({ tables, targets, notes }: SectionReport): string {
  const parts = [
    ...tables.map(({ title, ...table }) => `**${title}**\n\n${renderMarkdownGrid(table)}`),
    ...(targets.length === 0 ? [] : [`**Targets**\n\n${renderMarkdownGrid(tabulate(targets))}`]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
  ];
  return parts.join('\n\n');
}

type Grid = Pick<Table, 'columns' | 'rows'>;

function tabulate(targets: readonly Target[]): Grid {
  const rows = targets.map((target) => [
    target.sentence,
    target.measured,
    `${target.kind === 'atLeast' ? '≥' : '≤'} ${formatCell(target.limit)}`,
    isReached(target) ? 'reached' : 'MISSED',
  ]);
  return { columns: ['', 'measured', 'target', ''], rows };
}

function renderGrid(grid: Grid): string {
  return align(grid, '  ', (cells) => cells.join('  ').trimEnd());
}

function renderMarkdownGrid(grid: Grid): string {
  const [head = '', ...rows] = align(grid, '', (cells) => `| ${cells.join(' | ')} |`).split('\n');
  const widths = widthsOf(grid);
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [head, `| ${rule.join(' | ')} |`, ...rows].join('\n');
}

/** The first column is text and to the left, the others are figures. */
function align(grid: Grid, indent: string, join: (cells: readonly string[]) => string): string {
  const widths = widthsOf(grid);
  const lines = [grid.columns, ...grid.rows].map((cells) =>
    cells.map(formatCell).map((cell, column) => pad(cell, column, widths[column] ?? 0)),
  );
  return lines.map((cells) => indent + join(cells)).join('\n');
}

function pad(cell: string, column: number, width: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** At least three: a rule of Markdown. */
function widthsOf({ columns, rows }: Grid): number[] {
  return columns.map((name, column) =>
    Math.max(3, name.length, ...rows.map((cells) => formatCell(cells[column] ?? '').length)),
  );
}
