// Decides by the owner's access rules and PIGGY_ACCESS_DEFAULT whether a service account may read a secret, and as which AWS
// role (check 7, docs/access-rules.md). Rules only ever allow; the first that covers both decides.

import { parseParameterArn, parseSecretArn } from '../aws-names.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import { roleOf, type AccessRule } from './access-rules.ts';
import { roleKey, type AssumedRole } from './assumed-role.ts';
import { hasDotSegment, matchesPathGlob, matchesSegment } from './path-glob.ts';
import type { SecretSource } from './source.ts';

export type AccessDefault = 'namespace' | 'deny' | 'allow';

export type AccessPolicy = {
  readonly rules: readonly AccessRule[];
  readonly accessDefault: AccessDefault;
  /** What default secret names begin with: the setting, never the annotation. */
  readonly prefix: string;
};

export type Grant = {
  readonly rule: string;
  readonly role: AssumedRole | undefined;
  /** It holds only for a secret whose PIGGY_ALLOWED_SA names the account. */
  readonly onlyIfListed: boolean;
  /** An ARN can also stand for a secret that is not covered: who asks must not learn whether there is that one. */
  readonly mayBeAnother: boolean;
};

export type AccessDecision =
  | { readonly allowed: true; readonly grant: Grant }
  | { readonly allowed: false; readonly message: string };

/** What is to be read: as asked for, and as AWS then names it. */
export type AccessTarget =
  | {
      readonly kind: 'secret';
      /** Of an ARN, the names that it can stand for. */
      readonly names: readonly string[];
      readonly arn: string | undefined;
    }
  | { readonly kind: 'path'; readonly path: string }
  /** One parameter, by its name, with "/" before it. */
  | { readonly kind: 'parameter'; readonly path: string; readonly arn: string | undefined };

export function decideGrant(
  policy: AccessPolicy,
  account: ServiceAccount,
  target: AccessTarget,
): AccessDecision {
  const readings = readingsOf(target);
  const isCovered = (rule: AccessRule) => readings.some((one) => covers(rule, account, one));
  const rule = policy.rules.find(isCovered);
  if (rule === undefined) return decideByDefault(policy, account, target);
  const mayBeAnother = readings.some((one) => !isOpen(policy, account, one));
  const role = roleOf(rule, account);
  return allow({ rule: rule.name, role, onlyIfListed: false, mayBeAnother });
}

/** Whether the account may have it, whatever the secret itself says. */
function isOpen(policy: AccessPolicy, account: ServiceAccount, target: AccessTarget): boolean {
  if (policy.rules.some((rule) => covers(rule, account, target))) return true;
  const decision = decideByDefault(policy, account, target);
  return decision.allowed && !decision.grant.onlyIfListed;
}

/** Cannot stand in an ARN, so only a "*" covers it. */
const UNKNOWN_SUFFIX = '-??????';

/** The secrets that are meant where an ARN, as it was written, ends in AWS's six characters, or is without them. */
function readingsOf(target: AccessTarget): readonly AccessTarget[] {
  if (target.kind !== 'secret' || target.arn === undefined) return [target];
  const [whole = '', name = whole] = target.names;
  // What AWS returned has its one name.
  if (target.names.length === 1) return [target];
  const partial = { kind: 'secret', names: [whole], arn: target.arn + UNKNOWN_SUFFIX } as const;
  return name === whole ? [partial] : [partial, { ...target, names: [name] }];
}

/** Decides again when AWS has said what the secret is: it must be allowed as well, and with the role it was read with. */
export function decideReturned(
  policy: AccessPolicy,
  account: ServiceAccount,
  { target, grant }: { readonly target: AccessTarget; readonly grant: Grant },
): AccessDecision {
  const decision = decideGrant(policy, account, target);
  if (!decision.allowed) return decision;
  if (roleKey(decision.grant.role) !== roleKey(grant.role)) {
    const advice = `rule ${decision.grant.rule} covers it, with another role than rule ${grant.rule}, which was asked for; write the secret's name or whole ARN`;
    return refuse(account, target, advice);
  }
  const onlyIfListed = grant.onlyIfListed || decision.grant.onlyIfListed;
  return allow({ ...decision.grant, onlyIfListed });
}

// The defaults decide by all that an ARN can stand for.
const byDefault = { role: undefined, mayBeAnother: false } as const;

function decideByDefault(
  { accessDefault, prefix }: AccessPolicy,
  account: ServiceAccount,
  target: AccessTarget,
): AccessDecision {
  switch (accessDefault) {
    case 'allow':
      return allow({ rule: 'default allow', ...byDefault, onlyIfListed: false });
    case 'deny':
      return refuse(account, target, adviseRule(account, target));
    case 'namespace': {
      const rule = 'default namespace';
      if (isOwn(target, `${prefix}${account.namespace}/`)) {
        return allow({ rule, ...byDefault, onlyIfListed: false });
      }
      if (target.kind === 'secret') {
        return allow({ rule: `${rule} allow-list`, ...byDefault, onlyIfListed: true });
      }
      return refuse(account, target, adviseNamespace(prefix, account, target));
    }
  }
}

function isOwn(target: AccessTarget, own: string): boolean {
  if (target.kind === 'secret') {
    return target.names.every(
      (name) => name.startsWith(own) && name.length > own.length && !hasDotSegment(name),
    );
  }
  if (hasDotSegment(target.path)) return false;
  const folder = own.startsWith('/') ? own : `/${own}`;
  return target.kind === 'path'
    ? `${target.path}/`.startsWith(folder)
    : target.path.startsWith(folder) && target.path.length > folder.length;
}

function covers(rule: AccessRule, account: ServiceAccount, target: AccessTarget): boolean {
  const { namespaces, serviceAccounts = ['*'] } = rule;
  return (
    namespaces.some((glob) => matchesSegment(glob, account.namespace)) &&
    serviceAccounts.some((glob) => matchesSegment(glob, account.name)) &&
    coversTarget(rule, target)
  );
}

function coversTarget({ secrets = [], parameterPaths = [] }: AccessRule, target: AccessTarget) {
  if (target.kind === 'path') {
    return parameterPaths.some((glob) => matchesPathGlob(glob, target.path));
  }
  if (target.kind === 'parameter') {
    const { arn: parameterArn, path } = target;
    return parameterPaths.some((glob) =>
      glob.startsWith('arn:')
        ? parameterArn !== undefined && matchesPathGlob(glob, parameterArn)
        : pathsTo(path).some((one) => matchesPathGlob(glob, one)),
    );
  }
  const { names, arn } = target;
  return secrets.some((glob) =>
    glob.startsWith('arn:')
      ? arn !== undefined && matchesPathGlob(glob, arn)
      : names.some((name) => matchesPathGlob(glob, name)),
  );
}

/** The name itself and every path that it is under: who may read one of these may read the parameter. */
function pathsTo(name: string): readonly string[] {
  if (hasDotSegment(name)) return [name];
  const segments = name.split('/');
  return ['/', ...segments.slice(1).map((_, index) => segments.slice(0, index + 2).join('/'))];
}

/** What Secrets Manager puts behind the name in an ARN. */
const ARN_SUFFIX = /-[A-Za-z0-9]{6}$/;

/** A source as parsed from the container's settings. */
export function targetOf(source: SecretSource): AccessTarget {
  if (source.kind === 'parameterStore') return { kind: 'path', path: source.path };
  if (source.kind === 'parameter') return parameterTarget(source.id);
  const { secretId } = source;
  const name = parseSecretArn(secretId)?.name;
  if (name === undefined) return { kind: 'secret', names: [secretId], arn: undefined };
  // An ARN may be written without its last six characters, so both can be meant.
  return { kind: 'secret', names: [name, name.replace(ARN_SUFFIX, '')], arn: secretId };
}

/** `id` is its name or ARN. */
export function parameterTarget(id: string): AccessTarget {
  const named = parseParameterArn(id);
  if (named !== undefined) return { kind: 'parameter', path: named.path, arn: id };
  return { kind: 'parameter', path: id.startsWith('/') ? id : `/${id}`, arn: undefined };
}

/** What a grant is missing when the secret's own list does not name the account either. */
export function refuseUnlisted(
  { prefix }: AccessPolicy,
  account: ServiceAccount,
  target: AccessTarget,
): string {
  return describeRefusal(account, target, adviseNamespace(prefix, account, target));
}

/** The one refusal of all that an ARN may have turned out to be: not there, not readable, or not covered. */
export function refuseAnother(rule: string, account: ServiceAccount, target: AccessTarget): string {
  const advice = `rule ${rule} does not cover all secrets that this ARN can stand for, and the one that it covers is not there or cannot be read; write the secret's name instead of its ARN to be told why`;
  return describeRefusal(account, target, advice);
}

function adviseNamespace(prefix: string, account: ServiceAccount, target: AccessTarget): string {
  const { namespace, name } = account;
  const own = `${prefix}${namespace}/`;
  const advice = `it is not under ${own} and ${adviseRule(account, target)}`;
  return target.kind === 'secret'
    ? `${advice}; or name ${namespace}:${name} in its PIGGY_ALLOWED_SA`
    : advice;
}

function adviseRule({ namespace, name }: ServiceAccount, target: AccessTarget): string {
  const field = target.kind === 'secret' ? 'secrets' : 'parameterPaths';
  return `no access rule covers it; who runs Piggy can add one to the ConfigMap piggy-access: namespaces [${namespace}], serviceAccounts [${name}], ${field} [${describeTarget(target)}]`;
}

function describeTarget(target: AccessTarget): string {
  return target.kind === 'secret' ? (target.arn ?? target.names[0] ?? '') : target.path;
}

function describeRefusal(account: ServiceAccount, target: AccessTarget, advice: string): string {
  const what = { secret: 'secret', path: 'parameter path', parameter: 'parameter' }[target.kind];
  const { namespace, name } = account;
  return `service account ${namespace}:${name} may not read ${what} ${describeTarget(target)}: ${advice}`;
}

function allow(grant: Grant): AccessDecision {
  return { allowed: true, grant };
}

function refuse(account: ServiceAccount, target: AccessTarget, advice: string): AccessDecision {
  return { allowed: false, message: describeRefusal(account, target, advice) };
}
