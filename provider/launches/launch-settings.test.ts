import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import {
  parseLaunchSettings,
  selectSources,
  SETTING_NAMES,
  type LaunchDefaults,
} from './launch-settings.ts';

const defaults: LaunchDefaults = {
  launchWindowMs: 120_000,
  enforceIntegrity: true,
  enforceServiceAccount: false,
  annotationsMayWeaken: false,
  region: 'eu-west-1',
};

type Env = Readonly<Record<string, string>>;

function parse(env: Env, overrides: Partial<LaunchDefaults> = {}) {
  const written = new Map(Object.entries({ PIGGY_AWS_SECRET_NAME: 'shop/api', ...env }));
  const all = { ...defaults, ...overrides };
  const [{ source } = {}] = selectSources([], written, all);
  return { source, ...parseLaunchSettings(written, all) };
}

test('without settings in env the provider’s own hold', () => {
  const source = {
    kind: 'secretsManager',
    secretId: 'shop/api',
    region: 'eu-west-1',
    version: { kind: 'stage', stage: 'AWSCURRENT' },
  };
  const expected = {
    source,
    enforceIntegrity: true,
    enforceServiceAccount: false,
    launchWindowMs: 120_000,
  };
  assert.deepEqual(parse({}), expected);
  const empty = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
  assert.deepEqual(parse({ ...empty, PIGGY_AWS_SECRET_NAME: 'shop/api' }), expected);
});

test('the source is read from env', () => {
  const env = {
    PIGGY_AWS_SECRET_NAME: '',
    PIGGY_AWS_SSM_PARAMETER_PATH: '/shop',
    PIGGY_AWS_REGION: 'us-east-1',
  };
  const source = { kind: 'parameterStore', path: '/shop', region: 'us-east-1' };
  assert.deepEqual(parse(env).source, source);
});

const booleans: Record<
  string,
  [written: string, byDefault: boolean, mayWeaken: boolean, enforced: boolean]
> = {
  'nothing written keeps what is on': ['', true, false, true],
  'nothing written keeps what is off': ['', false, false, false],
  'true tightens': ['true', false, false, true],
  'true keeps what is on': ['true', true, false, true],
  'false does not weaken': ['false', true, false, true],
  'false keeps what is off': ['false', false, false, false],
  'false weakens where annotations may': ['false', true, true, false],
  'true tightens where annotations may weaken': ['true', false, true, true],
  'nothing written keeps what is on where annotations may weaken': ['', true, true, true],
};

for (const [name, [written, byDefault, annotationsMayWeaken, enforced]] of Object.entries(
  booleans,
)) {
  test(`integrity: ${name}`, () => {
    const overrides = { enforceIntegrity: byDefault, annotationsMayWeaken };
    const settings = parse({ PIGGY_ENFORCE_INTEGRITY: written }, overrides);
    assert.equal(settings.enforceIntegrity, enforced);
  });
  test(`service account: ${name}`, () => {
    const overrides = { enforceServiceAccount: byDefault, annotationsMayWeaken };
    const settings = parse({ PIGGY_ENFORCE_SERVICE_ACCOUNT: written }, overrides);
    assert.equal(settings.enforceServiceAccount, enforced);
  });
}

const delays: Record<string, [written: string, windowMs: number]> = {
  'no delay': ['0', 120_000],
  seconds: ['5s', 125_000],
  'minutes and seconds': ['1m30s', 210_000],
  'a fraction': ['1.5s', 121_500],
  'a fraction without its zero': ['.5s', 120_500],
  milliseconds: ['250ms', 120_250],
  microseconds: ['2000µs', 120_002],
  'a plus': ['+1s', 121_000],
  'the longest': ['10m', 720_000],
};

for (const [name, [written, windowMs]] of Object.entries(delays)) {
  test(`the initial delay makes the launch window longer: ${name}`, () => {
    assert.equal(parse({ PIGGY_INITIAL_DELAY: written }).launchWindowMs, windowMs);
  });
}

const refused: Record<string, [env: Env, message: RegExp]> = {
  'a boolean in words': [
    { PIGGY_ENFORCE_INTEGRITY: 'yes' },
    /piggysec.com\/piggy-enforce-integrity: "yes" must be/,
  ],
  'a boolean in capitals': [
    { PIGGY_ENFORCE_SERVICE_ACCOUNT: 'True' },
    /piggy-enforce-service-account: "True"/,
  ],
  'a boolean with a space': [{ PIGGY_ENFORCE_INTEGRITY: 'false ' }, /"false "/],
  'a delay without unit': [
    { PIGGY_INITIAL_DELAY: '5' },
    /piggy-initial-delay: "5" must be a duration/,
  ],
  'a delay before the start': [{ PIGGY_INITIAL_DELAY: '-5s' }, /"-5s"/],
  'a delay in words': [{ PIGGY_INITIAL_DELAY: 'soon' }, /"soon"/],
  'a delay that keeps the window open': [{ PIGGY_INITIAL_DELAY: '11m' }, /10m at most/],
  'a delay beyond numbers': [{ PIGGY_INITIAL_DELAY: '9'.repeat(90) + 'h' }, /10m at most/],
  'a delay of days': [{ PIGGY_INITIAL_DELAY: '1d' }, /must be a duration/],
  'two sources': [{ PIGGY_AWS_SSM_PARAMETER_PATH: '/shop' }, /exclude each other/],
};

for (const [name, [env, message]] of Object.entries(refused)) {
  test(`refuses ${name}, whatever annotations may`, () => {
    for (const annotationsMayWeaken of [true, false]) {
      const reading = () => parse(env, { annotationsMayWeaken });
      assert.throws(reading, { code: 'invalid_annotation', message });
    }
  });
}

test('whatever env says, it weakens nothing', () => {
  const texts = fc.oneof(
    fc.constantFrom('', 'true', 'false', '0', '3s', '99h', '/shop'),
    fc.string(),
  );
  const env = fc.dictionary(fc.constantFrom(...SETTING_NAMES), texts);
  fc.assert(
    fc.property(
      env,
      fc.boolean(),
      fc.boolean(),
      (written, enforceIntegrity, enforceServiceAccount) => {
        try {
          const settings = parse(written, { enforceIntegrity, enforceServiceAccount });
          assert.ok(settings.enforceIntegrity || !enforceIntegrity);
          assert.ok(settings.enforceServiceAccount || !enforceServiceAccount);
          assert.ok(settings.launchWindowMs <= defaults.launchWindowMs + 600_000);
        } catch (error) {
          assert.ok(error instanceof ProviderError && error.code === 'invalid_annotation');
        }
      },
    ),
  );
});
