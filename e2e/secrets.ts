// Secrets of scenarios, as their owners make them in AWS.

import { createHash, randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { awsFromHere } from './aws.ts';

/** A value that appears nowhere else, and that no output may show. */
export function canary(): string {
  return `canary-${randomBytes(16).toString('hex')}`;
}

/** What a scenario may see of a value. */
export function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

export async function createSecret(
  name: string,
  value: Readonly<Record<string, unknown>>,
  region?: string,
): Promise<void> {
  const client = new SecretsManagerClient(await awsFromHere(region));
  const command = new CreateSecretCommand({ Name: name, SecretString: JSON.stringify(value) });
  await client.send(command);
}

/** At once, and whether it is there or not. */
export async function removeSecret(name: string, region?: string): Promise<void> {
  const client = new SecretsManagerClient(await awsFromHere(region));
  await client.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
}

/** Returns the id of the new version, which is AWSCURRENT unless it gets other stages. */
export async function putSecretValue(
  name: string,
  value: Readonly<Record<string, unknown>>,
  stages?: string[],
): Promise<string> {
  const client = new SecretsManagerClient(await awsFromHere());
  const { VersionId = '' } = await client.send(
    new PutSecretValueCommand({
      SecretId: name,
      SecretString: JSON.stringify(value),
      ...(stages === undefined ? {} : { VersionStages: stages }),
    }),
  );
  return VersionId;
}

type ParameterOptions = {
  readonly region?: string;
  readonly type?: 'SecureString' | 'String' | 'StringList';
};

export async function putParameter(
  name: string,
  value: string,
  { region, type = 'SecureString' }: ParameterOptions = {},
): Promise<void> {
  const client = new SSMClient(await awsFromHere(region));
  const parameter = { Name: name, Value: value, Type: type, Overwrite: true };
  const command = new PutParameterCommand(parameter);
  await client.send(command);
}
