// Reads one version of a secret from AWS Secrets Manager.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html

import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type GetSecretValueCommandOutput,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { ProviderError } from '../errors.ts';
import { translateAwsFailure } from './aws-failure.ts';
import { createRegionalClients } from './regional-clients.ts';
import type { SecretVersion } from './source.ts';
import { parseSecretBinary, parseSecretString, type SecretContent } from './values.ts';

export type SecretVersionQuestion = {
  readonly secretId: string;
  readonly region: string;
  readonly version: SecretVersion;
};

/** Throws `secret_not_found`, `aws_access_denied`, `aws_throttled`, `aws_unavailable`, `deadline_exceeded`. */
export type ReadSecretVersion = (
  question: SecretVersionQuestion,
  signal: AbortSignal,
) => Promise<SecretContent>;

export type AwsClientOptions = {
  /** One provider for all clients: each of its own would ask AWS for a session of its own. */
  readonly credentials: NonNullable<SecretsManagerClientConfig['credentials']>;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Instead of AWS itself. */
  readonly endpoint?: string;
};

const MAX_ATTEMPTS = 3;

export function createSecretsManagerClient(options: AwsClientOptions): ReadSecretVersion {
  const clientFor = createRegionalClients(
    (region) => new SecretsManagerClient(describeClient(options, region)),
  );
  return async ({ secretId, region, version }, signal) => {
    const command = new GetSecretValueCommand({ SecretId: secretId, ...describeVersion(version) });
    try {
      const answer = await clientFor(region).send(command, { abortSignal: signal });
      return parseAnswer(answer, secretId);
    } catch (error) {
      const call = {
        action: 'secretsmanager:GetSecretValue',
        resource: `secret ${secretId}`,
        region,
      };
      throw translateAwsFailure(call, error, signal);
    }
  };
}

/** What the clients of all services have in common. */
export function describeClient(options: AwsClientOptions, region: string) {
  const { credentials, connectionTimeoutMs, requestTimeoutMs, endpoint } = options;
  return {
    region,
    credentials,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without it a request that takes too long is a warning, not an error.
      throwOnRequestTimeout: true,
    },
  };
}

function describeVersion(version: SecretVersion) {
  switch (version.kind) {
    case 'id':
      return { VersionId: version.id };
    case 'stage':
      return { VersionStage: version.stage };
  }
}

function parseAnswer(answer: GetSecretValueCommandOutput, secretId: string): SecretContent {
  const { SecretString: text, SecretBinary: bytes } = answer;
  if (text !== undefined) return parseSecretString(text);
  if (bytes !== undefined) return parseSecretBinary(bytes);
  throw new ProviderError('secret_not_found', `secret ${secretId} has no value; put one into it`);
}
