// Decides which secret a container's settings point at, and in which region it is.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

import {
  isParameterPath,
  isRegion,
  isSecretName,
  isVersion,
  mayBeVersionId,
  parseParameterArn,
  parseSecretArn,
} from '../aws-names.ts';
import { ProviderError } from '../errors.ts';

export type SecretVersion =
  | { readonly kind: 'stage'; readonly stage: string }
  | { readonly kind: 'id'; readonly id: string }
  /** A version id, or a staging label that looks like one: asked for as an id, and as a label where there is no such id. */
  | { readonly kind: 'idOrStage'; readonly text: string };

/** What a reference can name. */
export type NamedSource =
  | {
      readonly kind: 'secretsManager';
      readonly secretId: string;
      readonly version: SecretVersion;
    }
  | {
      readonly kind: 'parameter';
      /** Its name or ARN. */
      readonly id: string;
      /** As AWS takes it behind the id: ":3" is a version, ":blue" a label. */
      readonly selector: string;
    };

export type SecretSource =
  | (NamedSource & { readonly region: string })
  | { readonly kind: 'parameterStore'; readonly path: string; readonly region: string };

/** Settings as written; an empty text is a setting that is not set. */
export type SecretSourceSettings = {
  readonly secretId: string;
  readonly version: string;
  readonly parameterPath: string;
  readonly region: string;
};

/** As it was written. */
export function versionText(version: SecretVersion): string {
  switch (version.kind) {
    case 'stage':
      return version.stage;
    case 'id':
      return version.id;
    case 'idOrStage':
      return version.text;
  }
}

export const CURRENT = { kind: 'stage', stage: 'AWSCURRENT' } as const satisfies SecretVersion;

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
  if (parameterPath !== '' && settings.version !== '') {
    throw invalid(
      'annotation piggysec.com/aws-secret-version does not apply to a parameter path, whose parameters are read in their latest version; remove it',
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
  const arnRegion = parseSecretArn(secretId)?.region;
  if (arnRegion !== undefined) return parseRegion(arnRegion, undefined);
  // ":" is in no secret name, so what is left is neither a name nor an ARN of Secrets Manager.
  if (isSecretName(secretId)) return undefined;
  throw invalidSetting('aws-secret-name', secretId, 'is neither the name nor the ARN of a secret');
}

function parseRegion(text: string, otherwise: string | undefined): string {
  const region = text === '' ? otherwise : text;
  if (region === undefined || region === '') {
    throw invalid(
      'no AWS region: set annotation piggysec.com/aws-region or the setting AWS_REGION',
    );
  }
  if (isRegion(region)) return region;
  throw invalidSetting('aws-region', region, 'is not the name of an AWS region');
}

function parseVersion(text: string): SecretVersion {
  // AWS_CURRENT is what other tools have documented for AWSCURRENT.
  if (text === '' || text === 'AWS_CURRENT') return CURRENT;
  if (mayBeVersionId(text)) return { kind: 'idOrStage', text };
  if (isVersion(text)) return { kind: 'stage', stage: text };
  throw invalidSetting('aws-secret-version', text, 'is neither a version id nor a staging label');
}

function parseParameterPath(text: string): string {
  if (isParameterPath(text)) return text.replace(/(?<=.)\/$/, '');
  throw invalidSetting('aws-ssm-parameter-path', text, 'is not a path such as "/shop/api"');
}

/** Where what a reference names is: an ARN says its region itself, and a name is in that of the settings. */
export function locateSource(
  named: NamedSource,
  settings: { readonly region: string },
  defaultRegion: string | undefined,
): SecretSource {
  const id = named.kind === 'parameter' ? named.id : named.secretId;
  const arnRegion = (parseSecretArn(id) ?? parseParameterArn(id))?.region;
  return { ...named, region: arnRegion ?? parseRegion(settings.region, defaultRegion) };
}

/** For people. */
export function describeSource(source: SecretSource): string {
  switch (source.kind) {
    case 'secretsManager':
      return `secret ${source.secretId}`;
    case 'parameterStore':
      return `parameter path ${source.path}`;
    case 'parameter':
      return `parameter ${source.id}`;
  }
}

/** The refusal of one annotation; it quotes no more of the text than a reader needs. */
export function invalidSetting(annotation: string, text: string, problem: string): ProviderError {
  const quoted = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return invalid(`annotation piggysec.com/${annotation}: ${quoted} ${problem}`);
}

function invalid(message: string): ProviderError {
  return new ProviderError('invalid_annotation', message);
}
