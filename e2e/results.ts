// What runs on each version of Kubernetes came to, as it is kept in docs/compatibility/results.json.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOlder } from '../tools/kubernetes.ts';

export type Result = {
  /** What the node ran: v1.37.2. */
  readonly kubernetes: string;
  /** YYYY-MM-DD */
  readonly date: string;
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** The reason by the scenario's name. */
  readonly notRun: Readonly<Record<string, string>>;
};

/** The last run of each, by the minor version. */
export type Results = Readonly<Record<string, Result>>;

export const resultsFile = join(import.meta.dirname, '../docs/compatibility/results.json');

export function readResults(): Results {
  return JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
}

export function recordResult(minor: string, result: Result): void {
  const results = Object.entries({ ...readResults(), [minor]: result });
  const sorted = results.sort(([one], [other]) => (isOlder(one, other) ? 1 : -1));
  writeFileSync(resultsFile, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}
