// Asks the cluster the way its users do. KUBECONFIG and PATH, which main.ts sets, lead to it.

import { capture, output } from '../tools/run.ts';
import { until } from './poll.ts';

export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
} & Readonly<Record<string, unknown>>;

/** What kubectl printed; throws what it said where it fails. */
export function kubectl(args: readonly string[], input?: string): Promise<string> {
  return output('kubectl', args, { ...(input === undefined ? {} : { input }) });
}

export async function apply(...objects: readonly KubernetesObject[]): Promise<void> {
  await kubectl(['apply', '--server-side', '--force-conflicts', '--filename', '-'], list(objects));
}

/** What the API server would store of an object that it creates, without storing it. */
export async function dryRun(object: KubernetesObject): Promise<unknown> {
  const args = ['create', '--dry-run=server', '--output=json', '--filename', '-'];
  return JSON.parse(await kubectl(args, JSON.stringify(object)));
}

export async function exists(object: string, namespace: string): Promise<boolean> {
  const args = ['get', object, '--namespace', namespace, '--ignore-not-found', '--output=name'];
  return (await kubectl(args)) !== '';
}

/** The address of a Service inside the cluster, which the node reaches, too. */
export function serviceAddress(name: string, namespace: string): Promise<string> {
  const path = '--output=jsonpath={.spec.clusterIP}';
  return kubectl(['get', 'service', name, `--namespace=${namespace}`, path]);
}

/** Waits until all replicas of the newest revision are ready. */
export async function rolledOut(workload: string, namespace: string): Promise<void> {
  await kubectl(['rollout', 'status', workload, '--namespace', namespace, '--timeout=180s']);
}

/** What kubectl said when it was refused; throws where it was not. */
export async function refusalOf(args: readonly string[], input?: string): Promise<string> {
  const options = input === undefined ? {} : { input };
  const { code, stdout, stderr } = await capture('kubectl', args, options);
  if (code !== 0) return stderr.trim();
  throw new Error(`kubectl ${args.join(' ')} was not refused:\n${stdout}`);
}

/**
 * What a command in a container said when it failed; throws where it wrote to stdout and ended with 0. `kubectl exec` can lose the end
 * of a command, and all that it said, and ends with 0 then: one that said nothing is run again.
 */
export async function refusalInContainer(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await until('the command says how it ended', async () => {
    const ended = await capture('kubectl', ['exec', ...args]);
    return ended.code === 0 && ended.stdout + ended.stderr === '' ? undefined : ended;
  });
  if (code !== 0 || stdout === '') return stderr.trim();
  throw new Error(`kubectl exec ${args.join(' ')} was not refused:\n${stdout}`);
}

function list(items: readonly KubernetesObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
