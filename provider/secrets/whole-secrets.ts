// Decides which access rules count for who takes a secret as a whole, and for who takes single keys of it (wholeSecrets,
// docs/access-rules.md). A rule that says nothing of it covers both.

import type { ServiceAccount } from '../kubernetes/service-account.ts';
import type { AccessRule } from './access-rules.ts';
import { decideGrant, targetOf, type AccessPolicy, type Grant } from './grant.ts';
import { WHOLE } from './missing-keys.ts';
import type { Reference } from './reference.ts';
import type { SecretSource } from './source.ts';

/** What is wanted of one source. */
export type Wanted = {
  readonly source: SecretSource;
  readonly references: readonly Reference[];
};

export type SourceDecision =
  /** With the policy of those rules alone, for what is decided later. */
  | { readonly allowed: true; readonly grant: Grant; readonly policy: AccessPolicy }
  | { readonly allowed: false; readonly message: string };

/** Whether it wants more than single keys. The text of one parameter that is named is one value, but not all its keys. */
export function takesWhole(
  { kind }: SecretSource,
  { key, prefix }: Pick<Reference, 'key' | 'prefix'>,
): boolean {
  return prefix !== undefined || (key.text === WHOLE && kind !== 'parameter');
}

/** Check 7 for one source. */
export function decideSource(
  policy: AccessPolicy,
  account: ServiceAccount,
  wanted: Wanted,
): SourceDecision {
  const narrowed = narrow(policy, wanted);
  const target = targetOf(wanted.source);
  const decision = decideGrant(narrowed, account, target);
  if (decision.allowed) return { ...decision, policy: narrowed };
  if (narrowed === policy) return decision;
  const otherwise = decideGrant(policy, account, target);
  if (!otherwise.allowed) return decision;
  return { allowed: false, message: `${decision.message}; ${advise(policy, otherwise.grant)}` };
}

function narrow(policy: AccessPolicy, { source, references }: Wanted): AccessPolicy {
  if (policy.rules.every(({ wholeSecrets }) => wholeSecrets === undefined)) return policy;
  const wholes = references.filter((reference) => takesWhole(source, reference)).length;
  const suits = ({ wholeSecrets }: AccessRule) =>
    wholeSecrets === undefined || wholes === (wholeSecrets === 'forbidden' ? 0 : references.length);
  return { ...policy, rules: policy.rules.filter(suits) };
}

/** `grant` is by the rule that would cover it but for wholeSecrets. */
function advise({ rules }: AccessPolicy, { rule: name }: Grant): string {
  const rule = rules.find((one) => one.name === name);
  return rule?.wholeSecrets === 'required'
    ? `rule ${name} covers it as a whole only (wholeSecrets: required), and single keys are asked for`
    : `rule ${name} covers single keys only (wholeSecrets: forbidden), and all of it is asked for: refer to its keys one by one`;
}
