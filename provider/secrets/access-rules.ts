// Reads the access rules of the file access.yaml (docs/access-rules.md): which service accounts may read which secrets.

import type { ErrorObject } from 'ajv';
import { parse } from 'yaml';
import { parameterPathGlobPattern, roleArnPattern, secretGlobPattern } from '../aws-names.ts';
import { compileSchema } from '../json-schema.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import type { AssumedRole } from './assumed-role.ts';

export type AccessRule = {
  /** For the audit line, metrics and messages. */
  readonly name: string;
  readonly namespaces: readonly string[];
  /** `undefined`: every one of these namespaces. */
  readonly serviceAccounts?: readonly string[];
  /** Globs of names, or of ARNs where they begin with "arn:". */
  readonly secrets?: readonly string[];
  readonly parameterPaths?: readonly string[];
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly sessionTags?: boolean;
};

const MAX_BYTES = 1_048_576;

const name = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$' } as const;
const object = { type: 'string', pattern: '^[a-z0-9*]([a-z0-9.*-]{0,252})$' } as const;
const secret = { type: 'string', pattern: secretGlobPattern } as const;
const path = { type: 'string', pattern: parameterPathGlobPattern } as const;
const role = { type: 'string', pattern: roleArnPattern } as const;

function listOf(items: object) {
  return { type: 'array', minItems: 1, maxItems: 1000, items } as const;
}

export const accessRulesSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['rules'],
  properties: {
    rules: {
      type: 'array',
      maxItems: 1000,
      items: {
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
          roleArn: role,
          externalId: { type: 'string', pattern: '^[A-Za-z0-9_+=,.@:/-]{2,1224}$' },
          sessionTags: { type: 'boolean' },
        },
      },
    },
  },
} as const;

const isRules = compileSchema<{ readonly rules: readonly AccessRule[] }>(accessRulesSchema);

/** Throws a RangeError that says where the file is wrong. An empty text has no rules. */
export function parseAccessRules(text: string): readonly AccessRule[] {
  if (text.length > MAX_BYTES) throw new RangeError('the file is larger than 1 MiB');
  const written = parseYaml(text);
  if (written === null) return [];
  if (!isRules(written)) throw new RangeError(describeMistake(isRules.errors?.[0]));
  const names = written.rules.map((rule) => rule.name);
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  if (twice !== undefined) throw new RangeError(`two rules have the name ${twice}`);
  return written.rules;
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

function describeMistake(error: ErrorObject | undefined): string {
  const where = error?.instancePath === '' ? 'the file' : (error?.instancePath ?? 'the file');
  const params: Readonly<Record<string, unknown>> = error?.params ?? {};
  const unknownField = params['additionalProperty'];
  const what = typeof unknownField === 'string' ? ` (${unknownField})` : '';
  return `${where} ${error?.message ?? 'is wrong'}${what}`;
}

/** The role that a rule reads with, as this service account. */
export function roleOf(rule: AccessRule, account: ServiceAccount): AssumedRole | undefined {
  const { roleArn, externalId, sessionTags = true } = rule;
  if (roleArn === undefined) return undefined;
  return { roleArn, externalId, account, sessionTags };
}
