// The cluster's only node, which is a container: what runs in it, and the ports by which this machine reaches what does.

import { capture, type Finished, output } from '../tools/run.ts';

export const nodeContainer = 'piggy-e2e-control-plane';

export const nodePorts = { aws: 30500 } as const;

/** The address on this machine, host:port. kind maps the node's ports to free ones of it. */
export function addressOf(name: keyof typeof nodePorts): Promise<string> {
  return output('docker', ['port', nodeContainer, `${nodePorts[name]}/tcp`]);
}

/** What a command in the node wrote, which reaches every Pod and Service; throws where it fails. */
export function inNode(command: readonly string[], input = ''): Promise<string> {
  return output('docker', [...exec, ...command], { input });
}

/** Its images and containers, as the kubelet sees them. */
export function ctrInNode(command: readonly string[]): Promise<string> {
  return inNode(['ctr', '--namespace', 'k8s.io', ...command]);
}

/** What `inNode` runs, whatever its exit code. */
export function captureInNode(command: readonly string[], input = ''): Promise<Finished> {
  return capture('docker', [...exec, ...command], { input });
}

const exec = ['exec', '--interactive', nodeContainer];
