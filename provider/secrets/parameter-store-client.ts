// Reads all parameters under a path from AWS Systems Manager Parameter Store, decrypted.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

import { paginateGetParametersByPath, SSMClient } from '@aws-sdk/client-ssm';
import { ProviderError } from '../errors.ts';
import type { AssumedRole } from './assumed-role.ts';
import { callAws } from './aws-failure.ts';
import { createRegionalClients } from './regional-clients.ts';
import { describeClient, type AwsClientOptions } from './secrets-manager-client.ts';
import type { StoredSecret } from './stored-secret.ts';
import { parseParameters, type Parameter } from './values.ts';

export type ParametersQuestion = {
  readonly path: string;
  readonly region: string;
  /** `undefined`: the provider's own. */
  readonly role?: AssumedRole | undefined;
};

/** Throws as ReadSecretVersion does; `secret_not_found` where there is nothing under the path. */
export type ReadParameters = (
  question: ParametersQuestion,
  signal: AbortSignal,
) => Promise<StoredSecret>;

// AWS gives ten in an answer; a path as "/" could hold tens of thousands.
const MAX_PARAMETERS = 1000;

export function createParameterStoreClient(options: AwsClientOptions): ReadParameters {
  const clientFor = createRegionalClients(
    (region, role) => new SSMClient(describeClient(options, region, role)),
  );
  return async ({ path, region, role }, signal) => {
    const resource = `parameter path ${path}`;
    const call = { action: 'ssm:GetParametersByPath', resource, region, role };
    const parameters = await callAws({ call, signal, observe: options.observeCall }, () =>
      readPages(clientFor(region, role), path, signal),
    );
    if (parameters.length === 0) throw nothingUnder(path, region);
    const size = parameters.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
    return { content: parseParameters(parameters), target: { kind: 'path', path }, size };
  };
}

async function readPages(client: SSMClient, path: string, signal: AbortSignal) {
  const input = { Path: path, Recursive: true, WithDecryption: true };
  const parameters: Parameter[] = [];
  for await (const { Parameters: page = [] } of paginateGetParametersByPath({ client }, input, {
    abortSignal: signal,
  })) {
    parameters.push(...page.map(({ Name = '', Value = '' }) => ({ name: Name, value: Value })));
    if (parameters.length > MAX_PARAMETERS) throw tooMany(path);
  }
  const isUnder = path === '/' ? path : `${path}/`;
  // What was allowed is this path, so nothing else may come out of it.
  return parameters.filter(({ name }) => name.startsWith(isUnder));
}

function tooMany(path: string): ProviderError {
  return new ProviderError(
    'invalid_annotation',
    `annotation piggysec.com/aws-ssm-parameter-path: more than ${MAX_PARAMETERS} parameters are under ${path}; name a deeper path`,
  );
}

function nothingUnder(path: string, region: string): ProviderError {
  const advice = 'check path and region';
  return new ProviderError(
    'secret_not_found',
    `no parameter is under ${path} in ${region}; ${advice}`,
  );
}
