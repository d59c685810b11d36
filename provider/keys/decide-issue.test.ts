import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority, issueServingCertificate } from './certificates.ts';
import { decideIssue, type IssueCircumstances } from './decide-issue.ts';
import { type KeyPair, parsePair } from './key-pair.ts';

const DAY_MS = 86_400_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const at = (day: number) => start + day * DAY_MS;
const days = (from: number, to: number) => ({
  notBefore: new Date(at(from)),
  notAfter: new Date(at(to)),
});
const names = { dnsNames: ['piggy.piggy-system.svc'], ipAddresses: ['10.0.0.1'] };

const authority = await makeAuthority(-1, 3650);
const stranger = await makeAuthority(-1, 3650);
const serving = await issue(authority, 0, 90);
const other = await issue(authority, 0, 90);

async function makeAuthority(from: number, to: number): Promise<KeyPair> {
  return toPair(await createAuthority('piggy', days(from, to)));
}

function toPair({ certificate, privateKey }: { certificate: string; privateKey: string }): KeyPair {
  const pair = parsePair(certificate, privateKey);
  assert.ok(typeof pair !== 'string');
  return pair;
}

async function issue({ pem }: KeyPair, from: number, to: number) {
  const { certificate, privateKey } = await issueServingCertificate(pem, names, days(from, to));
  return { 'tls.crt': certificate, 'tls.key': privateKey };
}

function circumstances(day: number, changes: Partial<IssueCircumstances> = {}) {
  const usual = { authority, issuers: [authority.x509], names, lifetimeMs: 90 * DAY_MS };
  return { ...usual, nowMs: at(day), ...changes };
}

type Case = [Parameters<typeof decideIssue>[0], IssueCircumstances, reason: string | undefined];

const short = await makeAuthority(-1, 80);
const atItsEnd = await issue(short, 0, 80);

const cases: Record<string, Case> = {
  'there is none': [undefined, circumstances(0), 'there is none'],
  'it is fresh': [serving, circumstances(1), undefined],
  'it is a day before two thirds of its time': [serving, circumstances(59), undefined],
  'two thirds of its time are over': [
    serving,
    circumstances(60),
    'two thirds of its time are over',
  ],
  'it has expired': [serving, circumstances(100), 'two thirds of its time are over'],
  'its key is missing': [
    { 'tls.crt': serving['tls.crt'] },
    circumstances(1),
    'certificate or key is missing',
  ],
  'its certificate is damaged': [
    { ...serving, 'tls.crt': serving['tls.crt'].slice(60) },
    circumstances(1),
    'the certificate cannot be read',
  ],
  'its key is damaged': [
    { ...serving, 'tls.key': 'canary-0f3a' },
    circumstances(1),
    'the key cannot be read',
  ],
  'its key is that of another': [
    { ...serving, 'tls.key': other['tls.key'] },
    circumstances(1),
    'the key is not that of the certificate',
  ],
  'another authority of the same name signed it': [
    serving,
    circumstances(1, { authority: stranger, issuers: [stranger.x509] }),
    'it is not signed by the authority in use',
  ],
  'a former authority signed it, which still counts': [
    serving,
    circumstances(1, { authority: stranger, issuers: [stranger.x509, authority.x509] }),
    undefined,
  ],
  'a name is wanted that it lacks': [
    serving,
    circumstances(1, { names: { dnsNames: ['piggy.example'], ipAddresses: [] } }),
    'it lacks a name',
  ],
  'an address is wanted that it lacks': [
    serving,
    circumstances(1, { names: { ...names, ipAddresses: ['10.0.0.2'] } }),
    'it lacks a name',
  ],
  'it has more names than are wanted': [
    serving,
    circumstances(1, { names: { ...names, ipAddresses: [] } }),
    undefined,
  ],
  'it is due, and ends with its authority as any other would': [
    atItsEnd,
    circumstances(79, { authority: short, issuers: [short.x509] }),
    undefined,
  ],
};

for (const [name, [stored, given, reason]] of Object.entries(cases)) {
  test(`${reason === undefined ? 'keeps it when' : 'issues one when'} ${name}`, () => {
    const decision = decideIssue(stored, given);
    assert.equal(decision.kind === 'issue' ? decision.reason : undefined, reason);
  });
}

test('a new certificate begins an hour back and never outlives its authority', () => {
  const decision = decideIssue(undefined, circumstances(0));
  assert.ok(decision.kind === 'issue');
  const hour = new Date(at(0) - 3_600_000);
  assert.deepEqual(decision.validity, { notBefore: hour, notAfter: new Date(at(90)) });
  const late = decideIssue(undefined, circumstances(0, { authority: short }));
  assert.ok(late.kind === 'issue');
  assert.deepEqual(late.validity.notAfter, new Date(at(80)));
});

test('a certificate for a further name keeps those that it has', () => {
  const wanted = { dnsNames: ['piggy.example'], ipAddresses: ['10.0.0.2'] };
  const decision = decideIssue(serving, circumstances(1, { names: wanted }));
  assert.ok(decision.kind === 'issue');
  assert.deepEqual(decision.names, {
    dnsNames: ['piggy.example', 'piggy.piggy-system.svc'],
    ipAddresses: ['10.0.0.2', '10.0.0.1'],
  });
});

test('an expired authority signs nothing, and the message says what to do', () => {
  assert.throws(() => decideIssue(undefined, circumstances(81, { authority: short })), {
    code: 'internal_error',
    message: /^the authority expired on 2026-03-22T.* replace it/,
  });
});

test('a certificate out of the future tells of a wrong clock', async () => {
  const future = await issue(authority, 10, 100);
  assert.throws(() => decideIssue(future, circumstances(0)), {
    code: 'internal_error',
    message: /valid from 2026-01-11T.*, and it is 2026-01-01T.* here: correct the clock/,
  });
});
