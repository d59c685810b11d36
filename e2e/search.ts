// Looks for a secret value where it must not be: on the disk of the node, with all that etcd and the container runtime
// hold, and in what Kubernetes tells.

import { kubectl } from './kubectl.ts';
import { captureInNode } from './node.ts';

/** Where the node keeps what outlives a process: etcd's database and log, container logs, specs, and the journal. */
const places = {
  etcd: '/var/lib/etcd',
  'container logs': '/var/log',
  'container specs': '/run/containerd/io.containerd.runtime.v2.task/k8s.io/*/config.json',
} as const;

/** The places of the node that hold this text. */
export async function placesWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const [place, path] of Object.entries(places)) {
    // On standard input, so that the search does not find itself.
    const grep = `grep --recursive --text --quiet --fixed-strings --file=- ${path}`;
    const { code, stderr } = await captureInNode(['sh', '-c', grep], text);
    // A file that vanishes meanwhile is no failure; a search that found nothing ends with 1, or 2 for such a file.
    if (code === 0) found.push(place);
    else if (code !== 1 && !/No such file/.test(stderr)) throw new Error(stderr);
  }
  const { stdout } = await captureInNode(['journalctl', '--no-pager']);
  return stdout.includes(text) ? [...found, 'journal'] : found;
}

/** Everything that people who may look at a namespace see of it, and the events of all. */
export async function whatKubernetesTells(namespace: string): Promise<string> {
  const inNamespace = `--namespace=${namespace}`;
  const kinds = 'pods,deployments,replicasets,configmaps,secrets,serviceaccounts';
  const texts = await Promise.all([
    kubectl(['describe', kinds, inNamespace]),
    kubectl(['get', kinds, inNamespace, '--output=yaml']),
    kubectl(['get', 'events', '--all-namespaces', '--output=yaml']),
  ]);
  return texts.join('\n');
}
