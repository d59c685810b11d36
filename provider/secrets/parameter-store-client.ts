// Reads parameters of AWS Systems Manager Parameter Store, decrypted: all under a path, or some by their names.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html

import { GetParametersCommand, paginateGetParametersByPath, SSMClient } from '@aws-sdk/client-ssm';
import { ProviderError } from '../errors.ts';
import type { AssumedRole } from './assumed-role.ts';
import { callAws } from './aws-failure.ts';
import { parameterText, type NamedParameters, type ParameterCall } from './named-parameters.ts';
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

/** Throws as ReadSecretVersion does; those that there are not are missing in the answer. */
export type ReadNamedParameters = (
  call: ParameterCall,
  signal: AbortSignal,
) => Promise<NamedParameters>;

export function createNamedParametersClient(options: AwsClientOptions): ReadNamedParameters {
  const clientFor = createRegionalClients(
    (region, role) => new SSMClient(describeClient(options, region, role)),
  );
  return async ({ parameters, region, role }, signal) => {
    const resource = describeParameters(parameters);
    const call = { action: 'ssm:GetParameters', resource, region, role };
    const input = { Names: parameters.map(parameterText), WithDecryption: true };
    const { Parameters: answered = [] } = await callAws(
      { call, signal, observe: options.observeCall },
      () => clientFor(region, role).send(new GetParametersCommand(input), { abortSignal: signal }),
    );
    const found: NamedParameters['found'] = new Map(
      parameters.flatMap((parameter) => {
        // An answer names the parameter without the version that was asked for, which stands beside it.
        const one = answered.find(({ Name, ARN }) => Name === parameter.id || ARN === parameter.id);
        if (one === undefined) return [];
        const { Name: name = '', Value: value = '', ARN: arn = '' } = one;
        return [[parameterText(parameter), { name, value, arn }] as const];
      }),
    );
    const size = [...found.values()].reduce((sum, { value }) => sum + value.length, 0);
    return { found, size };
  };
}

function describeParameters(parameters: ParameterCall['parameters']): string {
  const names = parameters.map(parameterText);
  return `${names.length === 1 ? 'parameter' : 'parameters'} ${names.join(', ')}`;
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
