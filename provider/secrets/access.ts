// Decides whether a service account may read a secret. The secret carries its own allow-list, so whoever owns the
// secret owns the decision.

import type { ServiceAccount } from '../kubernetes/service-account.ts';

export type AccessDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: 'allow_list_missing' | 'not_in_allow_list' };

/** `allowList` is comma-separated `namespace:name`; `undefined` when the secret has none. */
export function decideAccess(
  { namespace, name }: ServiceAccount,
  allowList: string | undefined,
  { allowListRequired }: { readonly allowListRequired: boolean },
): AccessDecision {
  if (allowList === undefined) {
    return allowListRequired ? { allowed: false, reason: 'allow_list_missing' } : { allowed: true };
  }
  const entries = allowList.split(',').map((entry) => entry.trim());
  // Whole entries only: a prefix or wildcard match would let "shop:api" admit "shop:api-debug".
  return entries.includes(`${namespace}:${name}`)
    ? { allowed: true }
    : { allowed: false, reason: 'not_in_allow_list' };
}
