// Reads all parameters under a path from AWS Systems Manager Parameter Store, decrypted.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

import { paginateGetParametersByPath, SSMClient } from '@aws-sdk/client-ssm';
import { ProviderError } from '../errors.ts';
import { translateAwsFailure } from './aws-failure.ts';
import { createRegionalClients } from './regional-clients.ts';
import { describeClient, type AwsClientOptions } from './secrets-manager-client.ts';
import { parseParameters, type Parameter, type SecretContent } from './values.ts';

export type ParametersQuestion = { readonly path: string; readonly region: string };

/** Throws as ReadSecretVersion does; `secret_not_found` where there is nothing under the path. */
export type ReadParameters = (
  question: ParametersQuestion,
  signal: AbortSignal,
) => Promise<SecretContent>;

// AWS gives ten in an answer; a path as "/" could hold tens of thousands.
const MAX_PARAMETERS = 1000;

export function createParameterStoreClient(options: AwsClientOptions): ReadParameters {
  const clientFor = createRegionalClients(
    (region) => new SSMClient(describeClient(options, region)),
  );
  return async ({ path, region }, signal) => {
    const input = { Path: path, Recursive: true, WithDecryption: true };
    const parameters: Parameter[] = [];
    try {
      const pages = paginateGetParametersByPath({ client: clientFor(region) }, input, {
        abortSignal: signal,
      });
      for await (const { Parameters: page = [] } of pages) {
        parameters.push(...page.map(({ Name = '', Value = '' }) => ({ name: Name, value: Value })));
        if (parameters.length > MAX_PARAMETERS) throw tooMany(path);
      }
    } catch (error) {
      const call = {
        action: 'ssm:GetParametersByPath',
        resource: `parameter path ${path}`,
        region,
      };
      throw translateAwsFailure(call, error, signal);
    }
    if (parameters.length === 0) throw nothingUnder(path, region);
    return parseParameters(parameters);
  };
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
