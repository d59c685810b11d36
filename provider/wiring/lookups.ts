// Builds what looks images up for Kyverno.

import type { Config } from '../config/load-config.ts';
import { readRegistryAuthorities } from '../config/registry-authorities.ts';
import { ProviderError } from '../errors.ts';
import { watchFiles } from '../http/watched-files.ts';
import { type DockerConfig, parseDockerConfig } from '../images/docker-config.ts';
import { createEcrCredentials } from '../images/ecr-client.ts';
import { resolveHostName } from '../images/host-name-client.ts';
import { createHostLookup, createHostNames } from '../images/host-names.ts';
import { shareHostNames } from '../images/lookup-budget.ts';
import { createOutboundClient, type SendOutbound } from '../images/outbound-client.ts';
import { createImageConfigReader, type ReadImageConfig } from '../images/read-image-config.ts';
import type { KubernetesClient } from '../kubernetes/api-client.ts';
import type { AwsCredentials } from './provider.ts';

export type Lookups = {
  readonly readImageConfig: ReadImageConfig;
  readonly close: () => Promise<void>;
};

export type LookupParts = {
  readonly credentials: AwsCredentials;
  /** Called when a request to a registry has ended: with its status, or the code of the failure. */
  readonly observeCall?: (outcome: string, durationMs: number) => void;
};

export async function wireLookups(
  config: Config,
  kubernetes: KubernetesClient,
  { credentials, observeCall }: LookupParts,
): Promise<Lookups> {
  const { dockerConfigFile, pullSecretNamespaces, sharedPullSecretNamespaces } = config;
  const certificateAuthorities = readRegistryAuthorities(config.registryAuthoritiesDirectory);
  const settings = { ...config.registries, certificateAuthorities };
  const { requestTimeoutMs: timeoutMs } = settings;
  const share = shareHostNames(config.threads);
  const hostNames = createHostNames({ resolve: resolveHostName, share, now: Date.now });
  const outbound = createOutboundClient(settings, hostNames);
  const own = await watchDockerConfig(dockerConfigFile);
  const ecr = createEcrCredentials({
    credentials,
    now: Date.now,
    timeoutMs,
    // Passwords are kept for all namespaces, so whose lookup needs one first does not count.
    lookup: createHostLookup(hostNames, { namespace: 'ECR', timeoutMs }),
  });
  const readImageConfig = createImageConfigReader({
    settings,
    send: observeCall === undefined ? outbound.send : observed(outbound.send, observeCall),
    readSecret: kubernetes.readSecret,
    pullSecretNamespaces,
    sharedPullSecretNamespaces,
    dockerConfig: own.current,
    ecr,
    now: Date.now,
    random: Math.random,
  });
  return {
    readImageConfig,
    close: () => {
      own.stop();
      return outbound.close();
    },
  };
}

function observed(
  send: SendOutbound,
  observeCall: NonNullable<LookupParts['observeCall']>,
): SendOutbound {
  return async (request, signal) => {
    const startedMs = performance.now();
    const observeEnd = (outcome: string) => {
      observeCall(outcome, performance.now() - startedMs);
    };
    try {
      const answer = await send(request, signal);
      observeEnd(describeStatus(answer.status));
      return answer;
    } catch (error) {
      observeEnd(error instanceof ProviderError ? error.code : 'failed');
      throw error;
    }
  };
}

/** A registry may answer any number, and each would be another series of the metric; HTTP's are 100 to 599. */
function describeStatus(status: number): string {
  return status >= 100 && status < 600 ? String(status) : 'other';
}

type OwnDockerConfig = {
  readonly current: () => DockerConfig | 'unreadable' | undefined;
  readonly stop: () => void;
};

/** A file that cannot be read or parsed takes the place of a good one: its credentials may have been withdrawn. */
async function watchDockerConfig(path: string | undefined): Promise<OwnDockerConfig> {
  if (path === undefined) return { current: () => undefined, stop: () => undefined };
  let config: DockerConfig | 'unreadable' = 'unreadable';
  const { stop } = await watchFiles({
    paths: [path],
    use: ([text = '']) => {
      config = parseDockerConfig(text) ?? 'unreadable';
    },
    onFailure: () => {
      config = 'unreadable';
    },
  });
  return { current: () => config, stop };
}
