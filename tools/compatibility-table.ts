// Shows what the cluster tests came to on each version of Kubernetes, for docs/compatibility.md.

import type { Result, Results } from '../e2e/results.ts';
import type { KubernetesVersion } from './kubernetes.ts';

/** A row for each version, from the newest to the oldest, also for those that no run was recorded of. */
export function renderCompatibilityTable(
  versions: readonly KubernetesVersion[],
  results: Results,
): string {
  const rows = versions.map(({ minor }) => rowOf(minor, results[minor])).reverse();
  return [
    '| Kubernetes | last run | scenarios passed | failed | not run |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n');
}

function rowOf(minor: string, result: Result | undefined): string[] {
  if (result === undefined) return [minor, 'no run recorded', '', '', ''];
  const { kubernetes, date, passed, failed, notRun } = result;
  const names = failed.map((scenario) => `\`${scenario}\``).join(', ');
  return [kubernetes.slice(1), date, String(passed.length), names || 'none', reasonsOf(notRun)];
}

/** Each reason once, with the names that it is the reason for. */
function reasonsOf(notRun: Result['notRun']): string {
  const byReason = Map.groupBy(Object.entries(notRun), ([, reason]) => reason);
  const texts = [...byReason].map(([reason, scenarios]) => {
    const names = scenarios.map(([scenario]) => `\`${scenario}\``).join(', ');
    return `${reason}: ${names}`;
  });
  return texts.join('; ') || 'none';
}
