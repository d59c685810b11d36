// Ports of the cluster's node that lead to what runs in it; kind maps them to free ports of this machine.

import { output } from '../tools/run.ts';

/** The container that is the cluster's only node. */
export const nodeContainer = 'piggy-e2e-control-plane';

export const nodePorts = { aws: 30500 } as const;

/** The address on this machine, host:port. */
export function addressOf(name: keyof typeof nodePorts): Promise<string> {
  return output('docker', ['port', nodeContainer, `${nodePorts[name]}/tcp`]);
}
