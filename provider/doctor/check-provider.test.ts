import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../observability/metrics.ts';
import {
  decideLaunchAddress,
  decideReadiness,
  decideSealing,
  decideSettings,
  readAuthority,
} from './check-provider.ts';
import type { ClusterRead } from './cluster-client.ts';
import type { OperationsAnswer } from './operations-client.ts';

const answered = (status: number, text: string): OperationsAnswer => ({
  kind: 'answered',
  status,
  text,
});
const silent: OperationsAnswer = { kind: 'failed', reason: 'connect ECONNREFUSED' };
const found = (data: object): ClusterRead => ({ kind: 'found', object: { data } });

const readiness: Record<string, [answer: OperationsAnswer, status: string, message: RegExp]> = {
  ready: [answered(200, '{"status":"ready"}'), 'ok', /is ready/],
  'ready, with a warning': [
    answered(200, '{"warnings":["access rules: broken"]}'),
    'fails',
    /access rules: broken/,
  ],
  'not ready': [
    answered(503, '{"obstacles":["certificate not loaded"]}'),
    'fails',
    /certificate not loaded/,
  ],
  'something else answers': [answered(404, 'not found'), 'fails', /not found/],
  'nobody answers': [silent, 'fails', /ECONNREFUSED/],
};

for (const [name, [answer, status, message]] of Object.entries(readiness)) {
  test(`the provider: ${name}`, () => {
    const outcome = decideReadiness(answer);
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}

type Asked = Readonly<Record<string, number>>;

async function metricsAfter(asked: Asked): Promise<OperationsAnswer> {
  const metrics = createMetrics();
  for (const [code, count] of Object.entries(asked)) {
    const status = code === 'ok' ? 200 : 401;
    const outcome = { route: '/kyverno/v1/images', status, code, durationMs: 1 };
    for (let i = 0; i < count; i += 1) metrics.observeRequest(outcome);
  }
  metrics.observeRequest({ route: '/v1/secret', status: 200, code: 'ok', durationMs: 1 });
  return answered(200, (await metrics.render()).text);
}

const sealing: Record<string, [asked: Asked, status: string, message: RegExp]> = {
  'questions that verify': [{ ok: 2 }, 'ok', /verified so far: 2$/],
  'some that do not, as while a key is rotated': [
    { ok: 2, unsealed_message: 1 },
    'ok',
    /otherwise: 1$/,
  ],
  'none that verifies': [{ unsealed_message: 3 }, 'fails', /key: 3, and none that was/],
  'no question yet': [{}, 'not checked', /is not known/],
};

for (const [name, [asked, status, message]] of Object.entries(sealing)) {
  test(`the sealing key: ${name}`, async () => {
    const outcome = decideSealing(await metricsAfter(asked));
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}

test('the sealing key: no metrics', () => {
  assert.equal(decideSealing(silent).status, 'fails');
});

const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';

test('the authority is what the policy gives to launchers', () => {
  assert.deepEqual(readAuthority(found({ 'ca.crt': pem })), { ca: pem });
});

const authorities: Record<string, [read: ClusterRead, status: string]> = {
  'no ConfigMap': [{ kind: 'missing' }, 'fails'],
  'a ConfigMap without it': [found({}), 'fails'],
  'a text that is no certificate': [found({ 'ca.crt': 'soon' }), 'fails'],
  'no right to look': [{ kind: 'forbidden' }, 'not checked'],
};

for (const [name, [read, status]] of Object.entries(authorities)) {
  test(`the authority: ${name}`, () => {
    const outcome = readAuthority(read);
    assert.equal('status' in outcome && outcome.status, status);
  });
}

const now = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const expiring = (days: number) => {
  const expiry = new Date(now + days * DAY_MS);
  return { trusted: true, validFrom: new Date(expiry.getTime() - 90 * DAY_MS), expiry } as const;
};
const addresses: Record<
  string,
  [probe: Parameters<typeof decideLaunchAddress>[1], status: string, message: RegExp]
> = {
  trusted: [expiring(60), 'ok', /until 2026-03-02$/],
  'trusted, but soon to expire': [expiring(13), 'fails', /only until 2026-01-14/],
  'not trusted': [{ trusted: false, reason: 'self-signed certificate' }, 'fails', /self-signed/],
};

for (const [name, [probe, status, message]] of Object.entries(addresses)) {
  test(`the launch address: ${name}`, () => {
    const outcome = decideLaunchAddress('https://piggy.piggy-system.svc', probe, now);
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}

const needed = {
  PIGGY_ADDRESS: 'https://a',
  PIGGY_LOOKUP_ADDRESS: 'http://a',
  PIGGY_ENV_IMAGE: 'i',
};
const settings: Record<
  string,
  [read: ClusterRead, inUse: object, status: string, message: RegExp]
> = {
  'the same': [found(needed), { ...needed, PATH: '/bin' }, 'ok', /started with/],
  'changed since the start': [
    found({ ...needed, PIGGY_ACCESS_DEFAULT: 'deny' }),
    needed,
    'fails',
    /differ in PIGGY_ACCESS_DEFAULT$/,
  ],
  'without what the policy needs': [
    found({ PIGGY_ADDRESS: 'https://a' }),
    {},
    'fails',
    /lacks PIGGY_LOOKUP_ADDRESS, PIGGY_ENV_IMAGE$/,
  ],
  'no ConfigMap': [{ kind: 'missing' }, needed, 'fails', /no ConfigMap piggy/],
  'no right to look': [{ kind: 'forbidden' }, needed, 'not checked', /not allowed/],
};

for (const [name, [read, inUse, status, message]] of Object.entries(settings)) {
  test(`the settings: ${name}`, () => {
    const outcome = decideSettings(read, inUse as Record<string, string>);
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}
