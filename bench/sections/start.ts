// The provider's start: from exec to ready, and what it keeps in memory when nobody asks.

import type { SectionReport } from '../report.ts';
import { readUsage } from '../process-usage.ts';
import { withSession } from '../session.ts';
import { median, summarize } from '../statistics.ts';

export function measureStart({ isQuick }: { readonly isQuick: boolean }): Promise<SectionReport> {
  return withSession(async ({ startProvider }) => {
    const starts = [];
    for (let start = 0; start < (isQuick ? 3 : 40); start += 1) {
      const startedMs = performance.now();
      const provider = await startProvider();
      const readyMs = performance.now() - startedMs;
      starts.push({ readyMs, ...readUsage(provider.pid) });
      await provider.stop();
    }
    const ready = summarize(starts.map(({ readyMs }) => readyMs));
    const cpuMs = median(starts.map((start) => start.cpuMs));
    const residentMb = median(starts.map((start) => start.residentMb));
    return {
      tables: [
        {
          title: 'The start of the provider',
          columns: ['', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms', 'idle RSS MB'],
          rows: [['start to ready', ready.median, ready.p95, ready.p99, cpuMs, residentMb]],
        },
      ],
      targets: [
        { sentence: 'start to ready, ms', measured: ready.median, limit: 500, kind: 'atMost' },
        { sentence: 'idle memory, MB', measured: residentMb, limit: 110, kind: 'atMost' },
      ],
      notes: [],
    };
  });
}
