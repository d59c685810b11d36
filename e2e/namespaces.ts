// Namespaces of scenarios: each has one of its own, and what a killed run left is removed by the next.

import { apply, exists, kubectl } from './kubectl.ts';
import { until } from './poll.ts';

const label = 'e2e-scenario';

/** Creates it with these labels, and returns when Pods can be created in it. */
export async function createNamespace(
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const metadata = { name, labels: { [label]: '', ...labels } };
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata });
  // Pods are refused until the controller manager has made it.
  await until('the namespace has its service account', async () =>
    (await exists('serviceaccount/default', name)) ? true : undefined,
  );
}

export async function deleteNamespace(name: string): Promise<void> {
  await kubectl(['delete', 'namespace', name, '--wait=false']);
}

/** Those whose scenario has not ended. */
export async function namespacesOfScenarios(): Promise<string[]> {
  const path = '--output=jsonpath={.items[*].metadata.name}';
  const isActive = '--field-selector=status.phase=Active';
  const names = await kubectl(['get', 'namespaces', `--selector=${label}`, isActive, path]);
  return names.split(' ').filter((name) => name !== '');
}

export async function deleteLeftovers(): Promise<void> {
  await kubectl(['delete', 'namespaces', '--selector', label, '--wait=false']);
}
