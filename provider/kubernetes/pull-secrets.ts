// Reads the docker config out of a pull secret, of either type
// (https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets).

import type { V1Secret } from '@kubernetes/client-node';

/** What of a Secret makes it a pull secret. */
export type PullSecret = Pick<V1Secret, 'type' | 'data'>;

export type PullSecretReference = { readonly namespace: string; readonly name: string };

/** The text is whatever stands there: not yet parsed. */
export type PullSecretContent = {
  readonly format: 'dockerconfigjson' | 'dockercfg';
  readonly text: string;
};

/** undefined for a Secret of another type, or without the key of its type: the kubelet ignores it too. */
export function readPullSecretContent({
  type,
  data = {},
}: PullSecret): PullSecretContent | undefined {
  if (type === 'kubernetes.io/dockerconfigjson') {
    return decodeContent('dockerconfigjson', data['.dockerconfigjson']);
  }
  if (type === 'kubernetes.io/dockercfg') return decodeContent('dockercfg', data['.dockercfg']);
  return undefined;
}

function decodeContent(
  format: PullSecretContent['format'],
  encoded: string | undefined,
): PullSecretContent | undefined {
  if (!encoded) return undefined;
  return { format, text: Buffer.from(encoded, 'base64').toString('utf8') };
}
