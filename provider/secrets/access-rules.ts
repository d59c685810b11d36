// Reads the access rules of the file access.yaml (docs/access-rules.md): which service accounts may read which secrets.

import { parse } from 'yaml';
import { parameterPathGlobPattern, roleArnPattern, secretGlobPattern } from '../aws-names.ts';
import { compileSchema } from '../json-schema.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import { describeRuleMistake, summarizeMistakes } from './access-rule-mistake.ts';
import type { AssumedRole } from './assumed-role.ts';

export type AccessRule = {
  /** For the audit line, metrics and messages. */
  readonly name: string;
  readonly namespaces: readonly string[];
  /** `undefined`: every one of these namespaces. */
  readonly serviceAccounts?: readonly string[];
  /** Globs of names, or of ARNs where they begin with "arn:". */
  readonly secrets?: readonly string[];
  /** Globs of paths and of parameters' names, or of their ARNs. */
  readonly parameterPaths?: readonly string[];
  /** Whether it covers who takes a secret as a whole; `undefined`: that, and single keys. */
  readonly wholeSecrets?: 'forbidden' | 'required';
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly sessionTags?: boolean;
};

const MAX_BYTES = 1_048_576;
const MAX_RULES = 1000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const name = { type: 'string', pattern: NAME.source } as const;
const object = { type: 'string', pattern: '^[a-z0-9*]([a-z0-9.*-]{0,252})$' } as const;
const secret = { type: 'string', pattern: secretGlobPattern } as const;
const path = { type: 'string', pattern: parameterPathGlobPattern } as const;
const role = { type: 'string', pattern: roleArnPattern } as const;

function listOf(items: object) {
  return { type: 'array', minItems: 1, maxItems: 1000, items } as const;
}

export const accessRuleSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'namespaces'],
  anyOf: [{ required: ['secrets'] }, { required: ['parameterPaths'] }],
  dependencies: { externalId: ['roleArn'], sessionTags: ['roleArn'] },
  properties: {
    name,
    namespaces: listOf(object),
    serviceAccounts: listOf(object),
    secrets: listOf(secret),
    parameterPaths: listOf(path),
    wholeSecrets: { enum: ['forbidden', 'required'] },
    roleArn: role,
    externalId: { type: 'string', pattern: '^[A-Za-z0-9_+=,.@:/-]{2,1224}$' },
    sessionTags: { type: 'boolean' },
  },
} as const;

const isRule = compileSchema<AccessRule>(accessRuleSchema);

export type AccessRulesFile = {
  readonly rules: readonly AccessRule[];
  /** What is wrong with each of the rules that are left out. */
  readonly mistakes: readonly string[];
};

/** All rules, or a RangeError that says what is wrong. An empty text has no rules. */
export function parseAccessRules(text: string): readonly AccessRule[] {
  const { rules, mistakes } = parseAccessRulesFile(text);
  if (mistakes.length > 0) throw new RangeError(summarizeMistakes(mistakes));
  return rules;
}

/** The rules that are right, and what is wrong with the others; a RangeError where the file as a whole is wrong. */
export function parseAccessRulesFile(text: string): AccessRulesFile {
  if (text.length > MAX_BYTES) throw new RangeError('the file is larger than 1 MiB');
  const rules: AccessRule[] = [];
  const mistakes: string[] = [];
  const names = new Set<string>();
  for (const [index, written] of parseList(parseYaml(text)).entries()) {
    const position = `rule ${index + 1}`;
    const given = nameOf(written);
    if (given !== undefined && names.has(given)) {
      mistakes.push(`${position}: two rules have the name ${given}; rename this one`);
    } else if (isRule(written)) rules.push(written);
    else mistakes.push(describeRuleMistake(callRule(given, position), isRule.errors ?? []));
    if (given !== undefined) names.add(given);
  }
  return { rules, mistakes };
}

function parseList(written: unknown): readonly unknown[] {
  if (written === null) return [];
  const { rules, ...others } = isObject(written) ? written : {};
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const field = JSON.stringify(other.slice(0, 63));
    throw new RangeError(`the file has a field ${field} beside "rules", which does not exist`);
  }
  if (!Array.isArray(rules)) throw new RangeError('the file must hold a list under "rules"');
  if (rules.length > MAX_RULES) throw new RangeError(`the file has more than ${MAX_RULES} rules`);
  return rules;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `undefined` where it has none that a rule may have. */
function nameOf(written: unknown): string | undefined {
  const given = isObject(written) ? written['name'] : undefined;
  return typeof given === 'string' && NAME.test(given) ? given : undefined;
}

function callRule(given: string | undefined, position: string): string {
  return given === undefined ? position : `rule "${given}"`;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    // The first line says what and where; the others quote the file.
    const [reason = ''] = error instanceof Error ? error.message.split('\n') : [];
    throw new RangeError(`the file is not YAML: ${reason}`, { cause: error });
  }
}

/** The role that a rule reads with, as this service account. */
export function roleOf(rule: AccessRule, account: ServiceAccount): AssumedRole | undefined {
  const { roleArn, externalId, sessionTags = true } = rule;
  if (roleArn === undefined) return undefined;
  return { roleArn, externalId, account, sessionTags };
}
