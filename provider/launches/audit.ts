// Says for the audit line how a launch ended: allowed, denied and by which check (docs/architecture.md numbers them), or failed
// for a reason that is nobody's decision.

import type { LaunchErrorCode } from '../errors.ts';
import type { Reference } from '../secrets/reference.ts';

export type LaunchDecision = {
  readonly decision: 'allowed' | 'denied' | 'failed';
  readonly check?: number;
};

const checks: Partial<Record<LaunchErrorCode, number>> = {
  invalid_request: 0,
  request_too_large: 0,
  invalid_token: 1,
  pod_gone: 2,
  not_injected: 3,
  // The settings of the container that check 3 found.
  invalid_annotation: 3,
  signature_mismatch: 4,
  container_not_running: 5,
  launch_window_closed: 5,
  reference_not_in_spec: 6,
  access_denied: 7,
  service_account_not_allowed: 9,
};

/** `code` is that of the answer; `facts` are what was known then (LaunchFacts). */
export function describeDecision(code: string, facts: object): LaunchDecision {
  if (code === 'ok') return { decision: 'allowed' };
  const check = code === 'rate_limited' ? rateCheck(facts) : checks[code as LaunchErrorCode];
  return check === undefined ? { decision: 'failed' } : { decision: 'denied', check };
}

/** Rates are looked at as soon as it is known whose they are: an address, a Pod, a Pod that may read its secret. */
function rateCheck(facts: object): number {
  const sources: unknown = 'sources' in facts ? facts.sources : [facts];
  if (Array.isArray(sources) && sources.some(hasRule)) return 8;
  return 'pod' in facts ? 1 : 0;
}

function hasRule(source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'rule' in source;
}

const MAX_KEYS = 100;
const MAX_KEY_CHARACTERS = 100;

/** What was asked for, as much as a line of a log can hold. */
export function describeKeys(references: readonly Reference[]): readonly string[] {
  return references
    .slice(0, MAX_KEYS)
    .map((reference) => withoutDefault(reference).slice(0, MAX_KEY_CHARACTERS));
}

/** A default stands where anybody can read it, and no value belongs into a log. */
function withoutDefault({ text, whenMissing }: Reference): string {
  if (typeof whenMissing === 'string') return text;
  return `${text.slice(0, text.length - whenMissing.default.length)}…`;
}
