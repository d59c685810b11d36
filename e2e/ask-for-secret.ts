// Asks the provider as a launcher does, with whatever token, uid and signature an attacker might have got hold of.

import { kubectl } from './kubectl.ts';
import { inNode } from './node.ts';
import type { Pod } from './pods.ts';

export type Question = {
  readonly token: string;
  readonly uid: string;
  readonly signature?: string;
  readonly references: readonly string[];
};

/** The addresses of the provider's replicas: each remembers for itself which starts it has answered. */
export async function replicas(): Promise<string[]> {
  const path = '--output=jsonpath={.subsets[*].addresses[*].ip}';
  const args = ['get', 'endpoints', 'piggy', '--namespace=piggy-system', path];
  return (await kubectl(args)).split(' ');
}

/** `200 ok`, or the status and code of the refusal; from the node, which reaches every Pod. */
export async function askForSecret({ token, ...body }: Question, replica: string): Promise<string> {
  const options = {
    url: `https://${replica}:8443/v1/secret`,
    header: `Authorization: Bearer ${token}`,
    data: JSON.stringify(body),
    'write-out': '\n%{http_code}',
  };
  const config = Object.entries(options).map(([name, value]) => `${name} = ${quote(value)}\n`);
  const curl = ['curl', '--silent', '--show-error', '--insecure', '--config', '-'];
  const contentType = 'header = "Content-Type: application/json"\n';
  const text = await inNode(curl, contentType + config.join(''));
  const end = text.lastIndexOf('\n');
  const { code = 'ok' } = JSON.parse(text.slice(0, end)) as { readonly code?: string };
  return `${text.slice(end + 1)} ${code}`;
}

/** What the container's own launcher sends, beside its token and the references. */
export function launchOf(
  { metadata, spec }: Pod,
  name: string,
): { uid: string; signature: string } {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const container = containers.find((found) => found.name === name);
  const uid = container?.env?.find((variable) => variable.name === 'PIGGY_UID')?.value ?? '';
  const signatures = JSON.parse(metadata.annotations['piggysec.com/piggy-uid'] ?? '{}') as Record<
    string,
    string
  >;
  return { uid, signature: signatures[name] ?? '' };
}

export function tokenOf(pod: string, container: string, namespace: string): Promise<string> {
  const file = '/var/run/secrets/piggysec.com/token';
  const options = [`--container=${container}`, `--namespace=${namespace}`];
  return kubectl(['exec', pod, ...options, '--', 'cat', file]);
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
