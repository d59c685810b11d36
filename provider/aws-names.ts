// What AWS takes as the name, ARN and version of a secret, as parameter path, region and role: the one definition, never
// tighter than AWS's own. The launcher (names.go), require-injection and the chart's schema cannot import it, so
// testdata/aws-names.json holds all four to the same texts.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

const PARTITION = 'aws[a-z-]{0,20}';
// "!" is in the names of secrets that AWS services own, such as "rds!cluster-…".
const NAME_CHARACTER = '[A-Za-z0-9/_+=.@!-]';

const NAME = new RegExp(`^${NAME_CHARACTER}{1,512}$`);
const NAME_PART = new RegExp(`^${NAME_CHARACTER}{0,512}$`);
// "-" and six characters of AWS stand behind the name, and may be left out.
const ARN = new RegExp(
  `^arn:${PARTITION}:secretsmanager:(?<region>[a-z0-9-]{1,50}):[0-9]{12}:secret:(?<name>${NAME_CHARACTER}{1,519})$`,
);
// It becomes part of a host name, so nothing but a region may pass.
const REGION = /^[a-z]{2,7}(?:-[a-z0-9]{1,12}){1,3}-[0-9]{1,3}$/;
const PARAMETER_PATH = /^\/(?:[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*\/?)?$/;
const MAX_PATH_LENGTH = 2048;
// At the root of all a name may stand without its "/"; in an ARN it always has one.
const PARAMETER_NAME = /^(?:(?:\/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+)$/;
// Those of AWS itself, under /aws/, are in no account.
const PARAMETER_ARN = new RegExp(
  `^arn:${PARTITION}:ssm:(?<region>[a-z0-9-]{1,50}):(?:[0-9]{12})?:parameter(?<path>(?:/[A-Za-z0-9_.-]+)+)$`,
);
const PARAMETER_LABEL = /^[A-Za-z_.-][A-Za-z0-9_.-]{0,99}$/;
const PARAMETER_VERSION = /^[1-9][0-9]{0,17}$/;
// AWS counts characters, of which some are two units of a JavaScript string: hence the flag u.
const VERSION = /^\P{Cc}{1,256}$/u;
const VERSION_ID = /^\P{Cc}{32,64}$/u;

export function isSecretName(text: string): boolean {
  return NAME.test(text);
}

/** What may stand before or behind the rest of a name; also nothing. */
export function isSecretNamePart(text: string): boolean {
  return NAME_PART.test(text);
}

/** Of Secrets Manager; `region` as it stands there, `name` with or without AWS's six characters. */
export type SecretArn = { readonly region: string; readonly name: string };

/** `undefined` for what is no ARN of a secret. Whether the region is one is left to `isRegion`. */
export function parseSecretArn(text: string): SecretArn | undefined {
  const { region, name } = ARN.exec(text)?.groups ?? {};
  return region === undefined || name === undefined ? undefined : { region, name };
}

export function isSecretId(text: string): boolean {
  return isSecretName(text) || isRegion(parseSecretArn(text)?.region ?? '');
}

export function isRegion(text: string): boolean {
  return REGION.test(text);
}

export function isParameterPath(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && PARAMETER_PATH.test(text);
}

/** One parameter, by its name. */
export function isParameterName(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && PARAMETER_NAME.test(text);
}

/** Of Parameter Store; `path` is the name, always with "/" before it. */
export type ParameterArn = { readonly region: string; readonly path: string };

/** `undefined` for what is no ARN of a parameter. */
export function parseParameterArn(text: string): ParameterArn | undefined {
  if (text.length > MAX_PATH_LENGTH) return undefined;
  const { region = '', path = '' } = PARAMETER_ARN.exec(text)?.groups ?? {};
  return isRegion(region) ? { region, path } : undefined;
}

export function isParameterLabel(text: string): boolean {
  return PARAMETER_LABEL.test(text);
}

export function isParameterVersion(text: string): boolean {
  return PARAMETER_VERSION.test(text);
}

/** A version id or a staging label: AWS takes any text as a label. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** SDKs choose a UUID as version id, Terraform "terraform-" and 26 digits; a staging label may look the same. */
export function mayBeVersionId(text: string): boolean {
  return VERSION_ID.test(text);
}

/** For the schema of access rules: the characters of names, ARNs and paths, and "*". */
export const secretGlobPattern = '^[A-Za-z0-9/_+=.@!:*-]{1,2048}$';
export const parameterPathGlobPattern =
  '^(?:/[A-Za-z0-9_./*-]{0,2047}|arn:[A-Za-z0-9_./:*-]{1,2044})$';
// A path may hold every visible character of ASCII.
export const roleArnPattern = `^arn:${PARTITION}:iam::[0-9]{12}:role/([!-~]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$`;
