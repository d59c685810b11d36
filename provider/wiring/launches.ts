// Builds what answers launchers: the checks, and the clients of AWS behind them.

import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { withDenialEvents } from '../launches/denial-events.ts';
import { createLaunchRates } from '../launches/launch-rates.ts';
import { createLaunchValuesReader, type ReadLaunchValues } from '../launches/read-launch-values.ts';
import type { AccessPolicy } from '../secrets/grant.ts';
import {
  createNamedParametersClient,
  createParameterStoreClient,
} from '../secrets/parameter-store-client.ts';
import { createSourcesReader, type ReadSources } from '../secrets/read-sources.ts';
import { createRoleCredentials } from '../secrets/role-credentials-client.ts';
import {
  createSecretCache,
  namedParametersKey,
  parametersKey,
  versionKey,
  type SecretCache,
} from '../secrets/secret-cache.ts';
import {
  createSecretsManagerClient,
  type AwsClientOptions,
} from '../secrets/secrets-manager-client.ts';
import type { AwsCredentials, Provider } from './provider.ts';

const AWS_CONNECTION_TIMEOUT_MS = 1_000;
const AWS_REQUEST_TIMEOUT_MS = 3_000;

type LaunchParts = {
  readonly credentials: AwsCredentials;
  readonly accessPolicy: () => AccessPolicy;
};

export function wireLaunches(
  { config: { launches: defaults, launchRates, secretCacheMs }, log, metrics }: Provider,
  kubernetes: KubernetesClient,
  { credentials, accessPolicy }: LaunchParts,
): ReadLaunchValues {
  const own = {
    credentials,
    connectionTimeoutMs: AWS_CONNECTION_TIMEOUT_MS,
    requestTimeoutMs: AWS_REQUEST_TIMEOUT_MS,
    observeCall: metrics.observeAwsCall,
  };
  const aws = { ...own, credentialsOf: createRoleCredentials({ ...own, now: Date.now }) };
  const now = () => performance.now();
  const cache = createSecretCache({
    ttlMs: secretCacheMs,
    observe: metrics.observeSecretCache,
    now,
  });
  const readLaunchValues = createLaunchValuesReader({
    kubernetes,
    readSources: wireSources(aws, cache),
    accessPolicy,
    observeAccess: metrics.observeAccess,
    decideRate: createLaunchRates(launchRates, now),
    defaults,
    now: Date.now,
  });
  return withDenialEvents(readLaunchValues, {
    writeEvent: kubernetes.writeEvent,
    observe: metrics.observePodEvent,
    onFailure: (error) => {
      log.warn({ error }, 'an Event about a refusal cannot be written');
    },
    now: Date.now,
  });
}

function wireSources(aws: AwsClientOptions, cache: SecretCache): ReadSources {
  return createSourcesReader({
    readSecretVersion: cache(versionKey, createSecretsManagerClient(aws)),
    readParameters: cache(parametersKey, createParameterStoreClient(aws)),
    readNamedParameters: cache(namedParametersKey, createNamedParametersClient(aws)),
  });
}
