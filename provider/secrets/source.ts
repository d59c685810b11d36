// Decides which secret a container's settings point at, and in which region it is.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

import { ProviderError } from '../errors.ts';

export type SecretVersion =
  { readonly kind: 'stage'; readonly stage: string } | { readonly kind: 'id'; readonly id: string };

export type SecretSource =
  | {
      readonly kind: 'secretsManager';
      readonly secretId: string;
      readonly region: string;
      readonly version: SecretVersion;
    }
  | { readonly kind: 'parameterStore'; readonly path: string; readonly region: string };

/** Settings as written; an empty text is a setting that is not set. */
export type SecretSourceSettings = {
  readonly secretId: string;
  readonly version: string;
  readonly parameterPath: string;
  readonly region: string;
};

export const CURRENT = { kind: 'stage', stage: 'AWSCURRENT' } as const satisfies SecretVersion;

// The region becomes part of a host name, so nothing but a region may pass.
const REGION = /^[a-z]{2,8}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;
const SECRET_NAME = /^[\w/+=.@-]{1,512}$/;
const SECRET_ARN =
  /^arn:aws[a-z-]{0,20}:secretsmanager:(?<region>[a-z\d-]{1,40}):\d{12}:secret:[\w/+=.@-]{1,520}$/;
const PARAMETER_PATH = /^\/(?:[\w.-]+(?:\/[\w.-]+)*\/?)?$/;
const VERSION_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const VERSION_STAGE = /^[\w/+=.@-]{1,256}$/;

/** Throws `invalid_annotation`, with the name and the value of the setting. */
export function parseSecretSource(
  settings: SecretSourceSettings,
  defaultRegion: string | undefined,
): SecretSource {
  const { secretId, parameterPath } = settings;
  if (secretId !== '' && parameterPath !== '') {
    throw invalid(
      'annotations piggysec.com/aws-secret-name and piggysec.com/aws-ssm-parameter-path exclude each other; remove one',
    );
  }
  if (parameterPath !== '') {
    const path = parseParameterPath(parameterPath);
    return { kind: 'parameterStore', path, region: parseRegion(settings.region, defaultRegion) };
  }
  const arnRegion = parseSecretId(secretId);
  const region = parseRegion(settings.region, arnRegion ?? defaultRegion);
  if (arnRegion !== undefined && arnRegion !== region) {
    throw invalidSetting(
      'aws-region',
      region,
      `is not the region of ${secretId}; set "${arnRegion}"`,
    );
  }
  return {
    kind: 'secretsManager',
    secretId,
    region,
    version: parseVersion(settings.version),
  };
}

/** The region that an ARN names; `undefined` for a name. */
function parseSecretId(secretId: string): string | undefined {
  const arnRegion = SECRET_ARN.exec(secretId)?.groups?.['region'];
  if (arnRegion !== undefined) return parseRegion(arnRegion, undefined);
  // ":" is in no secret name, so what is left is neither a name nor an ARN of Secrets Manager.
  if (SECRET_NAME.test(secretId)) return undefined;
  throw invalidSetting('aws-secret-name', secretId, 'is neither the name nor the ARN of a secret');
}

function parseRegion(text: string, otherwise: string | undefined): string {
  const region = text === '' ? otherwise : text;
  if (region === undefined || region === '') {
    throw invalid(
      'no AWS region: set annotation piggysec.com/aws-region or the setting AWS_REGION',
    );
  }
  if (REGION.test(region)) return region;
  throw invalidSetting('aws-region', region, 'is not the name of an AWS region');
}

function parseVersion(text: string): SecretVersion {
  // AWS_CURRENT is what other tools have documented for AWSCURRENT.
  if (text === '' || text === 'AWS_CURRENT') return CURRENT;
  if (VERSION_ID.test(text)) return { kind: 'id', id: text };
  if (VERSION_STAGE.test(text)) return { kind: 'stage', stage: text };
  throw invalidSetting('aws-secret-version', text, 'is neither a version id nor a staging label');
}

function parseParameterPath(text: string): string {
  if (text.length <= 2048 && PARAMETER_PATH.test(text)) return text.replace(/(?<=.)\/$/, '');
  throw invalidSetting('aws-ssm-parameter-path', text, 'is not a path such as "/shop/api"');
}

/** The refusal of one annotation; it quotes no more of the text than a reader needs. */
export function invalidSetting(annotation: string, text: string, problem: string): ProviderError {
  const quoted = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return invalid(`annotation piggysec.com/${annotation}: ${quoted} ${problem}`);
}

function invalid(message: string): ProviderError {
  return new ProviderError('invalid_annotation', message);
}
