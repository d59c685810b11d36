// Decides the next step towards a CA, a bundle and a serving certificate that fit together (docs/certificates.md). Pure: what
// stands in the objects and the time go in, one step comes out, until there is none left.

import type { X509Certificate } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import { extendBundle, parseBundle, writeBundle } from './authority-bundle.ts';
import type { CertificateAndKey, ServingNames, Validity } from './certificates.ts';
import { decideIssue } from './decide-issue.ts';
import type { Entries } from './own-object.ts';
import { type KeyPair, parsePair, validityOf } from './key-pair.ts';
import type { Decision } from './settle.ts';

/** The texts in the objects; `undefined` where there is no object, or an empty one. */
export type StoredCertificates = {
  readonly authority: Entries | undefined;
  /** What the operator asked for: the annotation piggysec.com/ca-replacement. */
  readonly replacement: string | undefined;
  readonly bundle: string | undefined;
  readonly serving: Entries | undefined;
};

export type CertificateStep =
  | { readonly kind: 'make authority' }
  | { readonly kind: 'prepare next authority' }
  | { readonly kind: 'publish bundle'; readonly bundle: string }
  | { readonly kind: 'switch to next authority' }
  | {
      readonly kind: 'issue certificate';
      readonly reason: string;
      readonly authority: CertificateAndKey;
      readonly names: ServingNames;
      readonly validity: Validity;
    }
  | { readonly kind: 'finish replacement' };

export type UsableCertificates = {
  readonly serving: CertificateAndKey;
  readonly validity: Validity;
  readonly authorityValidity: Validity;
  /** What a person must look at. */
  readonly warnings: readonly string[];
};

export type CertificateWishes = {
  readonly names: ServingNames;
  readonly lifetimeMs: number;
  readonly nowMs: number;
};

/** Of the CA's Secret: the certificate and key that sign, those that will, and the certificate that did. */
export const authorityEntries = {
  current: { certificate: 'tls.crt', privateKey: 'tls.key' },
  next: { certificate: 'next.crt', privateKey: 'next.key' },
  former: 'former.crt',
} as const;

/** Of an authority's life: a year of the ten that it has by default. */
const WARN_IN_LAST = 1 / 10;

/** Throws `internal_error` for what only a person can set right. */
export function decideCertificates(
  stored: StoredCertificates,
  wishes: CertificateWishes,
): Decision<CertificateStep, UsableCertificates> {
  if (stored.authority === undefined) return { step: { kind: 'make authority' } };
  const authority = parseAuthority(stored.authority);
  const { replacement } = stored;
  if (replacement === 'prepare' && authority.next === undefined && authority.former === undefined) {
    return { step: { kind: 'prepare next authority' } };
  }
  const bundle = decideBundle(stored.bundle, authority.trusted, wishes.nowMs);
  // A launcher must be able to know an authority before anything is signed by it.
  if (bundle !== undefined) return { step: { kind: 'publish bundle', bundle } };
  if (replacement === 'issue' && authority.next !== undefined) {
    return { step: { kind: 'switch to next authority' } };
  }
  return decideServing(stored, authority, wishes);
}

/** The new text of the bundle; `undefined` where it stays as it is. */
export function decideBundle(
  stored: string | undefined,
  required: readonly X509Certificate[],
  nowMs: number,
): string | undefined {
  const text = writeBundle(extendBundle(parseBundle(stored ?? ''), required, nowMs));
  return text === stored ? undefined : text;
}

type Authority = {
  readonly current: KeyPair;
  readonly next: KeyPair | undefined;
  readonly former: string | undefined;
  readonly trusted: readonly X509Certificate[];
};

function parseAuthority(entries: Entries): Authority {
  const current = requirePair(entries, authorityEntries.current);
  const { certificate } = authorityEntries.next;
  const next =
    entries[certificate] === undefined ? undefined : requirePair(entries, authorityEntries.next);
  const former = entries[authorityEntries.former];
  const trusted = [
    ...parseBundle(former ?? ''),
    current.x509,
    ...(next === undefined ? [] : [next.x509]),
  ];
  return { current, next, former, trusted };
}

function requirePair(
  entries: Entries,
  names: { readonly certificate: string; readonly privateKey: string },
): KeyPair {
  const pair = parsePair(entries[names.certificate], entries[names.privateKey]);
  if (typeof pair !== 'string' && pair.x509.ca) return pair;
  const reason = typeof pair === 'string' ? pair : 'the certificate is no authority';
  throw new ProviderError(
    'internal_error',
    `the Secret with the authority is broken (${names.certificate}, ${names.privateKey}: ${reason}): restore it from a backup, ` +
      'or delete it, and a new authority is made (docs/certificates.md says what that means for running Pods)',
  );
}

function decideServing(
  stored: StoredCertificates,
  { current, next, former }: Authority,
  wishes: CertificateWishes,
): Decision<CertificateStep, UsableCertificates> {
  const { replacement } = stored;
  const bundle = parseBundle(stored.bundle ?? '');
  const isSwitching = replacement === 'issue' || replacement === 'finish';
  const issuers = isSwitching ? [current.x509] : [current.x509, ...bundle];
  const serving = decideIssue(stored.serving, { authority: current, issuers, ...wishes });
  if (serving.kind === 'issue') {
    return { step: { ...serving, kind: 'issue certificate', authority: current.pem } };
  }
  if (replacement === 'finish') {
    const only = writeBundle([current.x509]);
    if (stored.bundle !== only && next === undefined && former === undefined) {
      return { step: { kind: 'publish bundle', bundle: only } };
    }
    return { step: { kind: 'finish replacement' } };
  }
  const authorityValidity = validityOf(current.x509);
  return {
    settled: {
      serving: serving.pair.pem,
      validity: validityOf(serving.pair.x509),
      authorityValidity,
      warnings: [
        ...warnOfExpiry(authorityValidity, wishes.nowMs),
        ...warnOfReplacement(replacement, former),
      ],
    },
  };
}

function warnOfExpiry({ notBefore, notAfter }: Validity, nowMs: number): string[] {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  if (notAfter.getTime() - nowMs > lifeMs * WARN_IN_LAST) return [];
  const day = notAfter.toISOString().slice(0, 10);
  return [`the authority expires on ${day}: replace it before (docs/certificates.md)`];
}

function warnOfReplacement(replacement: string | undefined, former: string | undefined): string[] {
  if (replacement === undefined || replacement === 'prepare') return [];
  if (replacement === 'issue') {
    return former === undefined
      ? ['ca-replacement is `issue`, but there is no next authority: begin with `prepare`']
      : [];
  }
  return ['the annotation piggysec.com/ca-replacement must be prepare, issue or finish'];
}
