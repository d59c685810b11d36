import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  type CertificateAndKey,
  createAuthority,
  issueServingCertificate,
} from './certificates.ts';
import { decideCertificates, type StoredCertificates } from './decide-certificates.ts';

const DAY_MS = 86_400_000;
const now = Date.parse('2026-11-22T12:00:00Z');
const days = (from: number, to: number) => ({
  notBefore: new Date(now + from * DAY_MS),
  notAfter: new Date(now + to * DAY_MS),
});
const names = { dnsNames: ['piggy.piggy-system.svc'], ipAddresses: [] };
const wishes = { names, lifetimeMs: 90 * DAY_MS, nowMs: now };

const first = await createAuthority('piggy first', days(-1, 3650));
const second = await createAuthority('piggy second', days(-1, 3650));
const expired = await createAuthority('piggy expired', days(-9, -1));
const ending = await createAuthority('piggy ending', days(-3350, 300));
const short = await createAuthority('piggy short', days(-100, 12));
const shortEnding = await createAuthority('piggy short ending', days(-100, 11));
const byFirst = await issue(first);
const bySecond = await issue(second);

async function issue(authority: CertificateAndKey) {
  const issued = await issueServingCertificate(authority, names, days(0, 90));
  return { 'tls.crt': issued.certificate, 'tls.key': issued.privateKey };
}

const current = ({ certificate, privateKey }: CertificateAndKey) => ({
  'tls.crt': certificate,
  'tls.key': privateKey,
});
const nextOf = ({ certificate, privateKey }: CertificateAndKey) => ({
  'next.crt': certificate,
  'next.key': privateKey,
});
const bundle = (...authorities: CertificateAndKey[]) =>
  authorities.map(({ certificate }) => new X509Certificate(certificate).toString()).join('');

const settled: StoredCertificates = {
  authority: current(first),
  replacement: undefined,
  bundle: bundle(first),
  serving: byFirst,
};
const prepared = {
  ...settled,
  authority: { ...current(first), ...nextOf(second) },
  bundle: bundle(first, second),
};
const switched = {
  ...settled,
  authority: { ...current(second), 'former.crt': first.certificate },
  bundle: bundle(first, second),
};

/** The step; of a bundle also what it becomes. */
const cases: Record<string, [StoredCertificates, step: string | undefined, bundle?: string]> = {
  'nothing is there': [
    { authority: undefined, replacement: undefined, bundle: undefined, serving: undefined },
    'make authority',
  ],
  'the bundle is missing: it comes before the certificate': [
    { ...settled, bundle: undefined, serving: undefined },
    'publish bundle',
    bundle(first),
  ],
  'the bundle is not readable': [{ ...settled, bundle: 'edited' }, 'publish bundle', bundle(first)],
  'the bundle lacks the authority: what is there stays': [
    { ...settled, bundle: bundle(second) },
    'publish bundle',
    bundle(second, first),
  ],
  'the bundle has an expired authority': [
    { ...settled, bundle: bundle(expired, first) },
    'publish bundle',
    bundle(first),
  ],
  'the certificate is missing': [{ ...settled, serving: undefined }, 'issue certificate'],
  'all is there': [settled, undefined],
  'the authority was lost, and another one made: the certificate stays': [
    { ...settled, authority: current(second), bundle: bundle(first, second) },
    undefined,
  ],
  'a replacement is prepared': [{ ...settled, replacement: 'prepare' }, 'prepare next authority'],
  'the next authority is there and not in the bundle': [
    { ...prepared, replacement: 'prepare', bundle: bundle(first) },
    'publish bundle',
    bundle(first, second),
  ],
  'the next authority is in the bundle: nothing is signed by it yet': [
    { ...prepared, replacement: 'prepare' },
    undefined,
  ],
  'the next authority is to issue, and is not in the bundle': [
    { ...prepared, replacement: 'issue', bundle: bundle(first) },
    'publish bundle',
    bundle(first, second),
  ],
  'the next authority is to issue': [
    { ...prepared, replacement: 'issue' },
    'switch to next authority',
  ],
  'the former authority signed the certificate': [
    { ...switched, replacement: 'issue' },
    'issue certificate',
  ],
  'the new authority signed the certificate': [
    { ...switched, replacement: 'issue', serving: bySecond },
    undefined,
  ],
  'issue was asked for without a next authority': [{ ...settled, replacement: 'issue' }, undefined],
  'a replacement ends before the certificate is new': [
    { ...switched, replacement: 'finish' },
    'issue certificate',
  ],
  'a replacement ends: first the former authority goes': [
    { ...switched, replacement: 'finish', serving: bySecond },
    'finish replacement',
  ],
  'a replacement ends: then the bundle loses it': [
    {
      authority: current(second),
      replacement: 'finish',
      bundle: bundle(first, second),
      serving: bySecond,
    },
    'publish bundle',
    bundle(second),
  ],
  'a replacement ends: at last the annotation goes': [
    {
      authority: current(second),
      replacement: 'finish',
      bundle: bundle(second),
      serving: bySecond,
    },
    'finish replacement',
  ],
  'a replacement is given up': [{ ...prepared, replacement: 'finish' }, 'finish replacement'],
};

for (const [name, [stored, step, text]] of Object.entries(cases)) {
  test(`${name} → ${step ?? 'no step'}`, () => {
    const decision = decideCertificates(stored, wishes);
    const taken = 'step' in decision ? decision.step : undefined;
    assert.equal(taken?.kind, step);
    assert.equal(taken?.kind === 'publish bundle' ? taken.bundle : undefined, text);
  });
}

const settledWith = async (authority: CertificateAndKey) => ({
  ...settled,
  authority: current(authority),
  bundle: bundle(authority),
  serving: await issue(authority),
});
const warnings: Record<string, [StoredCertificates, warning: RegExp | undefined]> = {
  'an authority of ten years': [settled, undefined],
  'an authority in its last year': [
    await settledWith(ending),
    /the authority expires on 2027-09-18: replace it/,
  ],
  'an authority of a short life before its last tenth': [await settledWith(short), undefined],
  'an authority of a short life in its last tenth': [
    await settledWith(shortEnding),
    /the authority expires on 2026-12-03: replace it/,
  ],
  'an unknown word in the annotation': [
    { ...settled, replacement: 'replace' },
    /must be prepare, issue or finish/,
  ],
  'issue before prepare': [{ ...settled, replacement: 'issue' }, /begin with `prepare`/],
};

for (const [name, [stored, warning]] of Object.entries(warnings)) {
  test(`${name}: ${warning === undefined ? 'no warning' : 'a warning'}`, () => {
    const decision = decideCertificates(stored, wishes);
    assert.ok('settled' in decision);
    if (warning === undefined) assert.deepEqual(decision.settled.warnings, []);
    else assert.match(decision.settled.warnings.join(), warning);
  });
}

const broken: Record<string, [authority: Record<string, string>, reason: RegExp]> = {
  'no certificate': [{ 'tls.key': first.privateKey }, /tls.crt, tls.key: certificate or key is/],
  'the key of another': [
    { ...current(first), 'tls.key': second.privateKey },
    /the key is not that of the certificate/,
  ],
  'a certificate that is no authority': [byFirst, /the certificate is no authority/],
  'a broken next authority': [
    { ...current(first), 'next.crt': second.certificate, 'next.key': 'canary-0f3a' },
    /next.crt, next.key: the key cannot be read/,
  ],
};

for (const [name, [authority, reason]] of Object.entries(broken)) {
  test(`an authority with ${name} is refused, and nothing is made in its place`, () => {
    assert.throws(
      () => decideCertificates({ ...settled, authority }, wishes),
      ({ message }: Error) => {
        assert.match(message, reason);
        return /restore it from a backup, or delete it/.test(message) && !/canary/.test(message);
      },
    );
  });
}
