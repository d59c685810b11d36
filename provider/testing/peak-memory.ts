// Reads how much memory a process has had at most. Of Linux alone: proc(5).

import { readFileSync } from 'node:fs';

/** Resident, in MB as the kernel counts. */
export function readPeakMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
