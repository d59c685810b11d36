// Decides whether the serving certificate at hand still serves, or why a new one is issued, for which names and how long.

import type { X509Certificate } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import type { ServingNames, Validity } from './certificates.ts';
import { type KeyPair, parsePair } from './key-pair.ts';
import type { Entries } from './own-object.ts';

export type IssueCircumstances = {
  readonly authority: KeyPair;
  /** Whose signature is good enough. */
  readonly issuers: readonly X509Certificate[];
  readonly names: ServingNames;
  readonly lifetimeMs: number;
  readonly nowMs: number;
};

export type IssueDecision =
  | { readonly kind: 'keep'; readonly pair: KeyPair }
  | {
      readonly kind: 'issue';
      readonly reason: string;
      readonly names: ServingNames;
      readonly validity: Validity;
    };

const HOUR_MS = 3_600_000;
/** Of clocks that differ a little. */
const TOLERANCE_MS = 5 * 60_000;
/** Certificates count in whole seconds. */
const SECOND_MS = 1_000;

/** Throws `internal_error` where the authority has expired, or the certificate is not valid yet. */
export function decideIssue(
  serving: Entries | undefined,
  circumstances: IssueCircumstances,
): IssueDecision {
  const { names } = circumstances;
  const validity = planValidity(circumstances);
  const issue = (reason: string, wanted = names): IssueDecision => {
    refuseExpiredAuthority(circumstances);
    return { kind: 'issue', reason, names: wanted, validity };
  };
  if (serving === undefined) return issue('there is none');
  const pair = parsePair(serving['tls.crt'], serving['tls.key']);
  if (typeof pair === 'string') return issue(pair);
  const { x509 } = pair;
  if (!circumstances.issuers.some(({ publicKey }) => x509.verify(publicKey))) {
    return issue('it is not signed by the authority in use');
  }
  if (isDue(x509, validity, circumstances.nowMs)) return issue('two thirds of its time are over');
  refuseFutureCertificate(x509, circumstances.nowMs);
  const present = readNames(x509);
  // The present names stay: in an upgrade, replicas that want different names would otherwise take turns.
  if (lacksNames(x509, names)) return issue('it lacks a name', mergeNames(present, names));
  return { kind: 'keep', pair };
}

function planValidity({ authority, lifetimeMs, nowMs }: IssueCircumstances): Validity {
  const { validFromDate, validToDate } = authority.x509;
  // Begins a while ago, for clocks that differ.
  const from = nowMs - Math.min(HOUR_MS, lifetimeMs / 10);
  return {
    notBefore: new Date(Math.max(from, validFromDate.getTime())),
    notAfter: new Date(Math.min(nowMs + lifetimeMs, validToDate.getTime())),
  };
}

function isDue({ validFromDate, validToDate }: X509Certificate, next: Validity, nowMs: number) {
  const from = validFromDate.getTime();
  const to = validToDate.getTime();
  // At the end of the authority's life a new certificate would end with it as this one does.
  const isGain = next.notAfter.getTime() > to + SECOND_MS;
  return isGain && nowMs >= from + ((to - from) * 2) / 3;
}

function refuseExpiredAuthority({ authority: { x509 }, nowMs }: IssueCircumstances): void {
  if (x509.validToDate.getTime() > nowMs) return;
  throw new ProviderError(
    'internal_error',
    `the authority expired on ${x509.validToDate.toISOString()} and can sign no more: replace it (docs/certificates.md)`,
  );
}

function refuseFutureCertificate({ validFromDate }: X509Certificate, nowMs: number): void {
  if (validFromDate.getTime() <= nowMs + TOLERANCE_MS) return;
  throw new ProviderError(
    'internal_error',
    `the serving certificate is valid from ${validFromDate.toISOString()}, and it is ${new Date(nowMs).toISOString()} here: ` +
      'correct the clock of this node, or of the one that made it, and then delete its Secret',
  );
}

function readNames({ subjectAltName = '' }: X509Certificate): ServingNames {
  const select = (kind: string) =>
    subjectAltName
      .split(', ')
      .filter((entry) => entry.startsWith(`${kind}:`))
      .map((entry) => entry.slice(kind.length + 1));
  return { dnsNames: select('DNS'), ipAddresses: select('IP Address') };
}

function lacksNames(certificate: X509Certificate, { dnsNames, ipAddresses }: ServingNames) {
  return (
    dnsNames.some((name) => certificate.checkHost(name) === undefined) ||
    ipAddresses.some((address) => certificate.checkIP(address) === undefined)
  );
}

function mergeNames(present: ServingNames, wanted: ServingNames): ServingNames {
  return {
    dnsNames: [...new Set([...wanted.dnsNames, ...present.dnsNames])],
    ipAddresses: [...new Set([...wanted.ipAddresses, ...present.ipAddresses])],
  };
}
