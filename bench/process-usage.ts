// Reads what a process has used so far: processor time, memory, sockets. Of Linux alone: proc(5).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readMemory, type ProcessMemory } from '../provider/testing/process-memory.ts';

export type ProcessUsage = ProcessMemory & {
  readonly cpuMs: number;
  readonly sockets: number;
};

/** The kernel shows processor time to user space in hundredths of a second, on every architecture that we know. */
const TICK_MS = 10;

export function readUsage(pid: number): ProcessUsage {
  const cpuMs = parseCpuMs(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return { cpuMs, ...readMemory(pid), sockets: count(pid) };
}

export function parseCpuMs(stat: string): number {
  // The name of the program may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
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
