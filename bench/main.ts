// `npm run bench [-- <section>…] [--quick] [--json FILE] [--write]`: measures the bundled provider and the launcher on this
// machine, and checks every answer on the way. Figures of two runs do not compare; ratios within one do.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderChart } from './chart.ts';
import { describeMachine } from './machine.ts';
import { replaceSection } from './page.ts';
import { renderMarkdown, renderText, type SectionReport } from './report.ts';
import { selectSections, type SectionName } from './sections.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const docs = join(import.meta.dirname, '..', 'docs');
const machine = describeMachine();
const reports: Partial<Record<SectionName, SectionReport>> = {};

if (options.write && options.quick)
  throw new Error('--write keeps figures of whole runs: leave --quick out');
console.log(`${machine}\n`);
for (const [name, measure] of selectSections(positionals)) {
  console.log(`── ${name}\n`);
  const report = await measure({ isQuick: options.quick });
  console.log(renderText(report));
  reports[name] = report;
  if (options.write) writePage(name, report);
}
if (options.json !== undefined) {
  writeFileSync(
    options.json,
    `${JSON.stringify({ machine, isQuick: options.quick, reports }, null, 2)}\n`,
  );
}

function writePage(name: SectionName, report: SectionReport): void {
  const page = join(docs, 'performance.md');
  mkdirSync(join(docs, 'performance'), { recursive: true });
  const picture = report.chart ? `![${report.chart.title}](performance/${name}.svg)\n\n` : '';
  const content = `${picture}${renderMarkdown(report)}\n\n${machine}`;
  writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), name, content));
  if (report.chart)
    writeFileSync(join(docs, 'performance', `${name}.svg`), renderChart(report.chart));
}
