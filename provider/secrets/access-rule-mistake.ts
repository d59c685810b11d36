// Says in a sentence what is wrong with an access rule. Nothing of it is quoted but names, of the rule and of a field: an
// external id is nearly a secret.

import type { ErrorObject } from 'ajv';

const mustBe: Readonly<Record<string, string>> = {
  name: 'at most 63 letters, digits, "_", "." and "-", and begin with a letter or digit',
  namespaces: 'the name of a namespace, in which "*" may stand',
  serviceAccounts: 'the name of a service account, in which "*" may stand',
  secrets: 'the name or the ARN of a secret, in which "*" may stand',
  parameterPaths: 'a path that begins with "/", or the ARN of a parameter, in which "*" may stand',
  wholeSecrets: '"forbidden" or "required"',
  roleArn: 'the ARN of an IAM role',
  externalId: '2 to 1224 letters, digits and "_+=,.@:/-"',
  sessionTags: 'true or false',
};

const lists = new Set(['namespaces', 'serviceAccounts', 'secrets', 'parameterPaths']);

/** `rule` is what the sentence calls it; `errors` are those of its schema. */
export function describeRuleMistake(rule: string, errors: readonly ErrorObject[]): string {
  // Those before the last one are about the alternatives that it sums up.
  const error = errors.at(-1);
  if (error === undefined) return `${rule} is wrong`;
  return error.instancePath === ''
    ? `${rule} ${describeWhole(error)}`
    : `${rule}: ${describeField(error)}`;
}

function describeWhole({ keyword, params }: ErrorObject): string {
  const { missingProperty, additionalProperty, property } = params as Readonly<
    Record<string, string>
  >;
  switch (keyword) {
    case 'required':
      return `has no ${missingProperty ?? 'field'}`;
    case 'additionalProperties':
      return `has a field ${JSON.stringify(additionalProperty?.slice(0, 63))}, which does not exist`;
    case 'anyOf':
      return 'has neither secrets nor parameterPaths';
    case 'dependencies':
      return `has ${property ?? 'a field'} without ${missingProperty ?? 'another'}`;
    default:
      return 'must have fields, such as name and namespaces';
  }
}

function describeField({ instancePath, keyword }: ErrorObject): string {
  const [, field = '', index] = instancePath.split('/');
  if (keyword === 'minItems') return `${field} must not be empty`;
  if (keyword === 'maxItems') return `${field} must have at most 1000 entries`;
  if (index !== undefined) {
    return `entry ${Number(index) + 1} of ${field} must be ${mustBe[field] ?? 'another'}`;
  }
  const what = lists.has(field) ? 'a list' : (mustBe[field] ?? 'another');
  return `${field} must be ${what}`;
}

const MAX_TOLD = 10;

/** In one line, for a log and for people. */
export function summarizeMistakes(mistakes: readonly string[]): string {
  const more = mistakes.length - MAX_TOLD;
  return [...mistakes.slice(0, MAX_TOLD), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
