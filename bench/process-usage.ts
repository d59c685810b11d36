// Reads what a process has used so far: processor time, memory, sockets. Of Linux alone: proc(5).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export type ProcessUsage = {
  readonly cpuMs: number;
  readonly residentMb: number;
  readonly peakResidentMb: number;
  readonly sockets: number;
};

/** The kernel shows processor time to user space in hundredths of a second, on every architecture that we know. */
const TICK_MS = 10;

export function readUsage(pid: number): ProcessUsage {
  const file = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  return { cpuMs: parseCpuMs(file('stat')), ...parseMemory(file('status')), sockets: count(pid) };
}

export function parseCpuMs(stat: string): number {
  // The name of the program may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

export function parseMemory(status: string): Pick<ProcessUsage, 'peakResidentMb' | 'residentMb'> {
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { residentMb: megabytes('VmRSS'), peakResidentMb: megabytes('VmHWM') };
}

function count(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length;
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:');
  } catch {
    // Closed since the folder was read.
    return false;
  }
}
