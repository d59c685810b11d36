// Builds what looks images up for Kyverno.

import { readFile } from 'node:fs/promises';
import type { Config } from '../config/load-config.ts';
import { readRegistryAuthorities } from '../config/registry-authorities.ts';
import { createEcrCredentialReader } from '../images/ecr-client.ts';
import { createOutboundClient } from '../images/outbound-client.ts';
import { createImageConfigReader, type ReadImageConfig } from '../images/read-image-config.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import type { AwsCredentials } from './provider.ts';

export function wireLookups(
  config: Config,
  kubernetes: KubernetesClient,
  credentials: AwsCredentials,
): ReadImageConfig {
  const { dockerConfigFile, pullSecretNamespaces } = config;
  const certificateAuthorities = readRegistryAuthorities(config.registryAuthoritiesDirectory);
  const settings = { ...config.registries, certificateAuthorities };
  return createImageConfigReader({
    settings,
    send: createOutboundClient(settings).send,
    readSecret: kubernetes.readSecret,
    pullSecretNamespaces,
    readDockerConfig: dockerConfigFile ? () => readFile(dockerConfigFile, 'utf8') : undefined,
    readEcrCredential: createEcrCredentialReader({
      credentials,
      now: Date.now,
      timeoutMs: settings.requestTimeoutMs,
    }),
    now: Date.now,
    random: Math.random,
  });
}
