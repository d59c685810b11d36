// Reads one version of a secret from AWS Secrets Manager.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html

import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  type GetSecretValueCommandOutput,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { ProviderError } from '../errors.ts';
import type { AssumedRole } from './assumed-role.ts';
import { callAws, type ObserveAwsCall } from './aws-failure.ts';
import { createRegionalClients } from './regional-clients.ts';
import type { SecretVersion } from './source.ts';
import { parseSecretBinary, parseSecretString } from './values.ts';
import type { StoredSecret } from './stored-secret.ts';

export type SecretVersionQuestion = {
  readonly secretId: string;
  readonly region: string;
  readonly version: SecretVersion;
  /** `undefined`: the provider's own. */
  readonly role?: AssumedRole | undefined;
};

/** Throws `secret_not_found`, `aws_access_denied`, `aws_throttled`, `aws_unavailable`, `deadline_exceeded`. */
export type ReadSecretVersion = (
  question: SecretVersionQuestion,
  signal: AbortSignal,
) => Promise<StoredSecret>;

export type AwsCredentials = NonNullable<SecretsManagerClientConfig['credentials']>;

export type AwsClientOptions = {
  /** One provider for all clients: each of its own would ask AWS for a session of its own. */
  readonly credentials: AwsCredentials;
  /** Where roles are to be assumed. */
  readonly credentialsOf?: (role: AssumedRole, region: string) => AwsCredentials;
  readonly observeCall?: ObserveAwsCall;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Instead of AWS itself. */
  readonly endpoint?: string;
};

const MAX_ATTEMPTS = 3;
/** For one region and role, as many as there may be launches at a time. */
const MAX_CONNECTIONS = 1_000;

export function createSecretsManagerClient(options: AwsClientOptions): ReadSecretVersion {
  const clientFor = createRegionalClients(
    (region, role) => new SecretsManagerClient(describeClient(options, region, role)),
  );
  return async ({ secretId, region, version, role }, signal) => {
    const call = {
      action: 'secretsmanager:GetSecretValue',
      resource: `secret ${secretId}`,
      region,
      role,
    };
    const observed = { call, signal, observe: options.observeCall };
    const ask = async (wanted: WantedVersion) => {
      const command = new GetSecretValueCommand({ SecretId: secretId, ...wanted });
      const answer = await clientFor(region, role).send(command, { abortSignal: signal });
      return parseAnswer(answer, secretId);
    };
    if (version.kind !== 'idOrStage') return callAws(observed, () => ask(wantedVersion(version)));
    const { text } = version;
    // That there is no such id is an answer here, not a failure.
    const byId = await callAws(observed, () => ask({ VersionId: text }).catch(ignoreMissing));
    return byId ?? callAws(observed, () => ask({ VersionStage: text }));
  };
}

type WantedVersion = { readonly VersionId: string } | { readonly VersionStage: string };

function wantedVersion(version: Exclude<SecretVersion, { kind: 'idOrStage' }>): WantedVersion {
  return version.kind === 'id' ? { VersionId: version.id } : { VersionStage: version.stage };
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof ResourceNotFoundException)) throw error;
}

/** What the clients of all services have in common. */
export function describeClient(options: AwsClientOptions, region: string, role?: AssumedRole) {
  const { connectionTimeoutMs, requestTimeoutMs, endpoint } = options;
  return {
    region,
    credentials: selectCredentials(options, region, role),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without it a request that takes too long is a warning, not an error.
      throwOnRequestTimeout: true,
      // Of its own it opens 50: whoever waits for one of them has its time running already.
      httpAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS },
    },
  };
}

function selectCredentials(
  { credentials, credentialsOf }: AwsClientOptions,
  region: string,
  role: AssumedRole | undefined,
): AwsCredentials {
  if (role === undefined) return credentials;
  // Never the provider's own in place of a role's: they may be allowed more.
  if (credentialsOf !== undefined) return credentialsOf(role, region);
  throw new ProviderError('aws_access_denied', `role ${role.roleArn} cannot be assumed here`);
}

function parseAnswer(answer: GetSecretValueCommandOutput, secretId: string): StoredSecret {
  const { SecretString: text, SecretBinary: bytes, Name = '', ARN = '' } = answer;
  const target = { kind: 'secret', names: [Name], arn: ARN } as const;
  if (text !== undefined) return { content: parseSecretString(text), target, size: text.length };
  if (bytes !== undefined) {
    return { content: parseSecretBinary(bytes), target, size: bytes.length };
  }
  throw new ProviderError('secret_not_found', `secret ${secretId} has no value; put one into it`);
}
