// Reads how much memory a process has, and had at most. Of Linux alone: proc(5).

import { readFileSync } from 'node:fs';

export type ProcessMemory = {
  readonly residentMb: number;
  readonly peakResidentMb: number;
};

/** In MB as the kernel counts. */
export function readMemory(pid: number): ProcessMemory {
  return parseMemory(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

export function parseMemory(status: string): ProcessMemory {
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { residentMb: megabytes('VmRSS'), peakResidentMb: megabytes('VmHWM') };
}
