// What a failed scenario leaves to read: its objects, their logs, and what Kyverno, the provider and the kubelet said.

import { stripVTControlCharacters } from 'node:util';
import { capture } from '../tools/run.ts';
import { nodeContainer } from './node.ts';

const tail = '--tail=100';

export async function printEvidence(...namespaces: readonly string[]): Promise<void> {
  await print('Pods everywhere', 'kubectl', 'get', 'pods', '--all-namespaces', '--output=wide');
  for (const namespace of namespaces) await printNamespace(namespace);
  const kyverno = ['--namespace=kyverno', '--container=kyverno', '--tail=30'];
  await print('Kyverno', 'kubectl', 'logs', 'deployment/kyverno-admission-controller', ...kyverno);
  const provider = ['--namespace=piggy-system', '--selector=app.kubernetes.io/name=piggy'];
  await print('The provider', 'kubectl', 'logs', ...provider, '--prefix', tail);
  const kubelet = ['journalctl', '--unit=kubelet', '--no-pager', '--lines=30'];
  await print('The kubelet', 'docker', 'exec', nodeContainer, ...kubelet);
}

async function printNamespace(namespace: string): Promise<void> {
  const inNamespace = `--namespace=${namespace}`;
  await print(
    `Objects in ${namespace}`,
    'kubectl',
    'describe',
    'pods,replicasets,deployments',
    inNamespace,
  );
  await print(`Events in ${namespace}`, 'kubectl', 'events', inNamespace);
  for (const pod of await podsIn(namespace)) {
    const logs = ['logs', pod, inNamespace, '--all-containers', '--prefix', tail];
    await print(`Logs of ${pod}`, 'kubectl', ...logs);
    await print(`Logs of ${pod} before its restart`, 'kubectl', ...logs, '--previous');
  }
}

async function podsIn(namespace: string): Promise<string[]> {
  const args = ['get', 'pods', '--namespace', namespace, '--output=name'];
  const { stdout } = await capture('kubectl', args);
  return stdout.split('\n').filter((name) => name !== '');
}

async function print(title: string, command: string, ...args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await capture(command, args);
  const text = stripVTControlCharacters(stdout + stderr).trim();
  if (text !== '') console.log(`\n── ${title}\n${text}`);
}
