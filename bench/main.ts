// `npm run bench [-- <section>…] [--quick] [--json FILE] [--write]`: measures the bundled provider and the launcher on this
// machine, and checks every answer on the way. Figures of two runs do not compare; ratios within one do, so
// `npm run bench -- --against REVISION [--quick]` measures this build and that of another commit in turns.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderChart } from './chart.ts';
import { describeMachine } from './machine.ts';
import { replaceSection } from './page.ts';
import { renderMarkdown, renderText, type SectionReport } from './report.ts';
import { selectSections, type SectionName } from './sections.ts';
import { measureAgainst } from './sections/against.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
});
const docs = join(import.meta.dirname, '..', 'docs');
const machine = describeMachine();
const reports: Partial<Record<SectionName, SectionReport>> = {};

if (options.write && options.quick)
  throw new Error('--write keeps figures of whole runs: leave --quick out');
if (options.against !== undefined && (options.write || positionals.length > 0))
  throw new Error('--against has a table of its own: leave --write and the sections out');
console.log(`${machine}\n`);
if (options.against !== undefined) {
  const { against: revision, quick: isQuick } = options;
  console.log(renderText(await measureAgainst({ revision, isQuick })));
} else await measureSections();
if (options.json !== undefined) {
  writeFileSync(
    options.json,
    `${JSON.stringify({ machine, isQuick: options.quick, reports }, null, 2)}\n`,
  );
}

async function measureSections(): Promise<void> {
  for (const [name, measure] of selectSections(positionals)) {
    console.log(`── ${name}\n`);
    const report = await measure({ isQuick: options.quick });
    console.log(renderText(report));
    reports[name] = report;
    if (options.write) writePage(name, report);
  }
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
