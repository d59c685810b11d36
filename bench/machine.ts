// Says where and when figures were measured, without naming the machine.

import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** With its load before the run: who measures on a busy machine is to see it. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)} with Node ${process.version}`,
    `${availableParallelism()} × ${cpu?.model.trim() ?? 'unknown processor'}, ${memory} GB`,
    `load ${load.toFixed(1)} before the run`,
    `commit ${commit()}`,
  ].join('; ');
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { stdio: 'pipe' })
      .toString()
      .trim();
  } catch {
    return 'unknown';
  }
}
