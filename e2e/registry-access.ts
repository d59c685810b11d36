// What lets the provider and Pods use a private registry: its CA and the pull secrets that the provider may read, and the
// pull secrets themselves.

import { apply, type KubernetesObject } from './kubectl.ts';
import { login, type PrivateRegistry } from './private-registry.ts';

const folder = '/etc/piggy/registries';

/** Makes the registry's CA known to the provider; returns the values of the chart for it. */
export async function valuesToTrust({ host, authority }: PrivateRegistry) {
  await apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'registries', namespace: 'piggy-system' },
    data: { [`${host}.crt`]: authority },
  });
  return {
    env: { PIGGY_REGISTRY_CA_DIRECTORY: folder },
    extraVolumes: [{ name: 'registries', configMap: { name: 'registries' } }],
    extraVolumeMounts: [{ name: 'registries', mountPath: folder }],
  };
}

type PullSecret = {
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly password?: string;
};

export function pullSecretOf({ name, namespace, host, password }: PullSecret): KubernetesObject {
  const auth = { username: login.username, password: password ?? login.password };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [host]: auth } }) },
  };
}

/** A service account whose Pods pull with this secret where they name none. */
export function pullsWith(
  secret: string,
  { name, namespace }: { name: string; namespace: string },
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
    imagePullSecrets: [{ name: secret }],
  };
}
