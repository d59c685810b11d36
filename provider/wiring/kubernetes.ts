// Builds the client of the API server, with the provider's own token.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/load-config.ts';
import {
  createKubernetesClient,
  type KubernetesClient,
  type KubernetesClientOptions,
} from '../kubernetes/api-client.ts';
import { createOwnTokenReader } from '../kubernetes/own-token.ts';

const TIMEOUT_MS = 5_000;

export function wireKubernetes(
  { kubernetes: { server, caFile, tokenFile } }: Config,
  options: Pick<KubernetesClientOptions, 'connections'> = {},
): KubernetesClient {
  return createKubernetesClient({
    ...options,
    server,
    ca: readFileSync(caFile, 'utf8'),
    readToken: createOwnTokenReader(
      () => readFile(tokenFile, 'utf8'),
      () => performance.now(),
    ),
    timeoutMs: TIMEOUT_MS,
  });
}
