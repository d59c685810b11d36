// Gives programs a share of a processor, as Kubernetes does by limits.cpu: through a cgroup of version 2, or of version 1.

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type CpuQuota = {
  /** The same command, inside the quota. */
  readonly within: (argv: readonly string[]) => string[];
  readonly remove: () => void;
};

export type NoCpuQuota = { readonly reason: string };

const PERIOD_US = 100_000;

/** `millicores` of 200 are what "200m" is to Kubernetes. */
export function createCpuQuota(millicores: number, root = '/sys/fs/cgroup'): CpuQuota | NoCpuQuota {
  const isVersion2 = existsSync(join(root, 'cgroup.controllers'));
  const folder = join(root, isVersion2 ? '' : 'cpu', `piggy-bench-${process.pid}`);
  try {
    mkdirSync(folder);
    limit(folder, { isVersion2, quotaUs: millicores * (PERIOD_US / 1_000) });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { reason: `no CPU quota can be set here: ${folder}: ${reason}` };
  }
  return {
    within: (argv) => [
      '/bin/sh',
      '-c',
      `echo $$ > ${folder}/cgroup.procs && exec "$@"`,
      'sh',
      ...argv,
    ],
    remove: () => {
      rmdirSync(folder);
    },
  };
}

function limit(
  folder: string,
  { isVersion2, quotaUs }: { readonly isVersion2: boolean; readonly quotaUs: number },
): void {
  if (isVersion2) {
    writeFileSync(join(folder, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    return;
  }
  writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
  writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quotaUs));
}
