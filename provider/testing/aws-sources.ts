// What reads secrets and parameters, by the real clients, from a stand-in for AWS.

import {
  createNamedParametersClient,
  createParameterStoreClient,
} from '../secrets/parameter-store-client.ts';
import { createSourcesReader, type ReadSources } from '../secrets/read-sources.ts';
import { createSecretsManagerClient } from '../secrets/secrets-manager-client.ts';
import type { Aws } from './aws.ts';

export function createStandInReader(aws: Aws): ReadSources {
  const credentials = () => Promise.resolve({ accessKeyId: 'id', secretAccessKey: 'key' });
  const timeouts = { connectionTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const options = { credentials, credentialsOf: () => credentials, endpoint: aws.url, ...timeouts };
  return createSourcesReader({
    readSecretVersion: createSecretsManagerClient(options),
    readParameters: createParameterStoreClient(options),
    readNamedParameters: createNamedParametersClient(options),
  });
}
