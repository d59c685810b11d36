// Builds what answers launchers: the checks, and the clients of AWS behind them.

import type { KubernetesClient } from '../kubernetes/api-client.ts';
import { withDenialEvents } from '../launches/denial-events.ts';
import { createLaunchRates } from '../launches/launch-rates.ts';
import { createPodLimit } from '../launches/pod-limit.ts';
import { createSignatureVerifier, type VerifySignature } from '../launches/published-keys.ts';
import { createLaunchValuesReader, type ReadLaunchValues } from '../launches/read-launch-values.ts';
import { createReviewLimit } from '../launches/review-limit.ts';
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
} from '../secrets/secret-cache.ts';
import { createSecretsManagerClient } from '../secrets/secrets-manager-client.ts';
import type { Logger } from '../observability/logger.ts';
import type { AwsCredentials, Provider } from './provider.ts';

const AWS_CONNECTION_TIMEOUT_MS = 1_000;
const AWS_REQUEST_TIMEOUT_MS = 3_000;

type LaunchParts = {
  readonly credentials: AwsCredentials;
  readonly accessPolicy: () => AccessPolicy;
};

export function wireLaunches(
  provider: Provider,
  kubernetes: KubernetesClient,
  { credentials, accessPolicy }: LaunchParts,
): ReadLaunchValues {
  const { config, log, metrics } = provider;
  const now = () => performance.now();
  const readLaunchValues = createLaunchValuesReader({
    kubernetes,
    admitReview: createReviewLimit({
      refusedPerSecond: config.refusedTokensPerSecond,
      verifySignature: wirePublishedKeys(log, kubernetes),
      now,
    }),
    podLimit: createPodLimit(config.launchRates, now),
    readSources: wireSources(provider, credentials),
    accessPolicy,
    observeAccess: metrics.observeAccess,
    decideRate: createLaunchRates(config.launchRates, now),
    defaults: config.launches,
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

function wireSources({ config, metrics }: Provider, credentials: AwsCredentials): ReadSources {
  const own = {
    credentials,
    connectionTimeoutMs: AWS_CONNECTION_TIMEOUT_MS,
    requestTimeoutMs: AWS_REQUEST_TIMEOUT_MS,
    observeCall: metrics.observeAwsCall,
  };
  const aws = { ...own, credentialsOf: createRoleCredentials({ ...own, now: Date.now }) };
  const cache = createSecretCache({
    ttlMs: config.secretCacheMs,
    observe: metrics.observeSecretCache,
    now: () => performance.now(),
  });
  return createSourcesReader({
    readSecretVersion: cache(versionKey, createSecretsManagerClient(aws)),
    readParameters: cache(parametersKey, createParameterStoreClient(aws)),
    readNamedParameters: cache(namedParametersKey, createNamedParametersClient(aws)),
  });
}

/** For whoever comes first of many; the client's own timeouts end the question. */
const FOREVER = new AbortController().signal;

function wirePublishedKeys(log: Logger, kubernetes: KubernetesClient): VerifySignature {
  return createSignatureVerifier({
    readKeys: () => kubernetes.readPublishedKeys(FOREVER),
    onFailure: (error) => {
      log.warn(
        { error },
        'the keys that tokens are signed under cannot be read, so the API server is asked about every token (docs/troubleshooting.md)',
      );
    },
    now: () => performance.now(),
  });
}
