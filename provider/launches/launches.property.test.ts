// What must hold for every Pod, whatever its author wrote, and for every request, whoever sends it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import { parsePod, type Pod } from '../kubernetes/pods.ts';
import { decideGrant, targetOf, type AccessPolicy } from '../secrets/grant.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { injectedPod } from '../testing/injected-pod.ts';
import { unsignedToken } from '../testing/unsigned-token.ts';
import { decideSignature, selectContainer } from './decide-launch.ts';
import { parseLaunchSettings, type LaunchDefaults } from './launch-settings.ts';
import { createLaunchValuesReader } from './read-launch-values.ts';
import { signArgv } from './signature.ts';
import { AUDIENCE, parseLaunchToken } from './token.ts';

const DEFAULTS: LaunchDefaults = {
  launchWindowMs: 120_000,
  enforceIntegrity: true,
  enforceServiceAccount: false,
  annotationsMayWeaken: false,
  region: 'eu-west-1',
};
const UID = 'a'.repeat(32);

const switches = ['PIGGY_ENFORCE_INTEGRITY', 'PIGGY_ENFORCE_SERVICE_ACCOUNT'];
/** One variable as an author can write it: any of ours, right or wrong, literal or from elsewhere. */
const variable = fc.oneof(
  fc.record({
    name: fc.constantFrom(...switches),
    value: fc.constantFrom('true', 'false', '', 'FALSE', 'no', '0', 'false '),
  }),
  fc.record({ name: fc.constantFrom(...switches), valueFrom: fc.constant({ fieldRef: {} }) }),
  fc.record({ name: fc.string(), value: fc.string() }),
);

const running = () => ({ state: { running: { startedAt: new Date() } } });

function containerOf(env: readonly object[], args: readonly string[] = ['/app']): Pod {
  const source = { name: 'PIGGY_AWS_SECRET_NAME', value: 'shop/api' };
  const uid = { name: 'PIGGY_UID', value: UID };
  const container = { env: [...env, source, uid] };
  const { pod } = injectedPod({ args, container, containerStatus: running() });
  const written: object = pod;
  return parsePod(written);
}

test('no order of variables lets a Pod weaken what the settings demand', () => {
  const settings = fc.record({
    enforceIntegrity: fc.boolean(),
    enforceServiceAccount: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(variable, { maxLength: 6 }), settings, (env, demanded) => {
      const container = selectContainer(containerOf(env), UID);
      if (!container.allowed) return;
      try {
        const found = parseLaunchSettings(container.value.settings, { ...DEFAULTS, ...demanded });
        assert.ok(found.enforceIntegrity || !demanded.enforceIntegrity);
        assert.ok(found.enforceServiceAccount || !demanded.enforceServiceAccount);
      } catch (error) {
        assert.ok(error instanceof ProviderError && error.code === 'invalid_annotation');
      }
    }),
  );
});

const segment = fc.constantFrom('shop', 'bank', 'api', 'web', '*', 'sh*');
const rule = fc.record({
  name: fc.string({ minLength: 1 }),
  namespaces: fc.array(segment, { minLength: 1, maxLength: 2 }),
  serviceAccounts: fc.array(segment, { minLength: 1, maxLength: 2 }),
  secrets: fc.array(
    fc.tuple(segment, segment).map((path) => path.join('/')),
    { minLength: 1, maxLength: 2 },
  ),
});

test('no order of access rules opens what another order keeps closed', () => {
  const asked = fc.record({
    namespace: fc.constantFrom('shop', 'bank'),
    name: fc.constantFrom('api', 'web'),
    secretId: fc.constantFrom('shop/api', 'bank/api', 'bank/web'),
    accessDefault: fc.constantFrom('namespace' as const, 'deny' as const),
  });
  const shuffled = fc
    .array(rule, { maxLength: 5 })
    .chain((rules) =>
      fc.tuple(
        fc.constant(rules),
        fc.shuffledSubarray(rules, { minLength: rules.length, maxLength: rules.length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, asked, ([rules, others], { secretId, accessDefault, ...account }) => {
      const version = { kind: 'stage', stage: 'AWSCURRENT' } as const;
      const target = targetOf({ kind: 'secretsManager', secretId, region: 'eu-west-1', version });
      const decide = (rules: AccessPolicy['rules']) => {
        const decision = decideGrant({ rules, accessDefault, prefix: '' }, account, target);
        return decision.allowed ? decision.grant.onlyIfListed : 'denied';
      };
      assert.equal(decide(rules), decide(others));
    }),
  );
});

test('one more access rule takes nothing away, wherever it stands', () => {
  const asked = fc.record({
    namespace: fc.constantFrom('shop', 'bank'),
    name: fc.constantFrom('api', 'web'),
    secretId: fc.constantFrom('shop/api', 'bank/api', 'bank/web'),
    accessDefault: fc.constantFrom('namespace' as const, 'deny' as const, 'allow' as const),
  });
  const rules = fc.array(rule, { maxLength: 4 });
  fc.assert(
    fc.property(rules, fc.tuple(rule, fc.nat(4)), asked, (rules, [more, at], question) => {
      const { secretId, accessDefault, ...account } = question;
      const version = { kind: 'stage', stage: 'AWSCURRENT' } as const;
      const target = targetOf({ kind: 'secretsManager', secretId, region: 'eu-west-1', version });
      const decide = (rules: AccessPolicy['rules']) =>
        decideGrant({ rules, accessDefault, prefix: '' }, account, target);
      const before = decide(rules);
      const after = decide(rules.toSpliced(at, 0, more));
      if (!before.allowed) return;
      assert.ok(after.allowed);
      assert.ok(before.grant.onlyIfListed || !after.grant.onlyIfListed);
    }),
    { numRuns: 2_000 },
  );
});

const argv = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 5 });
/** As admission writes it. */
const doubled = (words: readonly string[]) => words.map((word) => word.replaceAll('$', '$$$$'));

function decideArgv(spec: readonly string[], running: readonly string[]): boolean {
  const container = selectContainer(containerOf([], doubled(spec)), UID);
  assert.ok(container.allowed);
  return decideSignature(container.value, signArgv(running)).allowed;
}

test('the signature of the argv of the spec passes, and that of no other', () => {
  const different = fc
    .tuple(argv, argv)
    .filter(([a, b]) => JSON.stringify(a) !== JSON.stringify(b));
  fc.assert(fc.property(argv.filter(isPossible), (spec) => decideArgv(spec, spec)));
  fc.assert(fc.property(different, ([spec, running]) => !decideArgv(spec, running)));
});

/** No program can be started with a NUL in its argv. */
function isPossible(words: readonly string[]): boolean {
  return words.every((word) => !word.includes('\0'));
}

test('an argv with a NUL, which would be signed as another one, passes with no signature', () => {
  assert.ok(!decideArgv(['sh\0-c'], ['sh', '-c']));
  assert.ok(!decideArgv(['sh\0-c'], ['sh\0-c']));
});

/** Everything that checks 0 to 8 look at, right or wrong; `true` is right. */
const request = fc.record({
  token: fc.boolean(),
  podUid: fc.boolean(),
  isAlive: fc.boolean(),
  uid: fc.boolean(),
  signature: fc.boolean(),
  isRunning: fc.boolean(),
  reference: fc.boolean(),
  access: fc.boolean(),
  tokenRate: fc.boolean(),
  podRate: fc.boolean(),
  rate: fc.boolean(),
});

type Defects = typeof request extends fc.Arbitrary<infer T> ? T : never;

function createReader(right: Defects, noise: string) {
  let fetched = 0;
  const { pod } = injectedPod({
    uid: UID,
    podUid: 'uid-1',
    env: { A: 'piggy:A', PIGGY_AWS_SECRET_NAME: 'shop/api', X: noise },
    metadata: right.isAlive ? {} : { deletionTimestamp: '2026-11-01T10:00:00Z' },
    containerStatus: right.isRunning ? running() : { state: { terminated: {} } },
  });
  const claim = 'authentication.kubernetes.io/pod';
  const extra = { [`${claim}-name`]: ['api-0'], [`${claim}-uid`]: [right.podUid ? 'uid-1' : 'x'] };
  const user = { username: 'system:serviceaccount:shop:api', extra };
  const audiences = [AUDIENCE];
  const review = { authenticated: right.token, audiences, user };
  const rule = { name: 'all', namespaces: ['shop'], secrets: ['shop/*'] };
  const limited = { allowed: false, message: 'too fast', retryAfterSeconds: 1 } as const;
  const read = createLaunchValuesReader({
    kubernetes: {
      reviewToken: () => Promise.resolve(review as never),
      readPod: () => Promise.resolve(pod as never),
    },
    admitReview: () => Promise.resolve(() => undefined),
    podLimit: {
      decideToken: () => (right.tokenRate ? { allowed: true } : limited),
      decidePod: () => (right.podRate ? { allowed: true } : limited),
    },
    readSources: () => {
      fetched += 1;
      return Promise.resolve({ values: new Map(), missing: [] });
    },
    accessPolicy: () => ({ rules: right.access ? [rule] : [], accessDefault: 'deny', prefix: '' }),
    observeAccess: () => undefined,
    decideRate: () => (right.rate ? { allowed: true } : limited),
    defaults: DEFAULTS,
    now: Date.now,
  });
  return { read, fetched: () => fetched };
}

const allRight: Defects = {
  token: true,
  podUid: true,
  isAlive: true,
  uid: true,
  signature: true,
  isRunning: true,
  reference: true,
  access: true,
  tokenRate: true,
  podRate: true,
  rate: true,
};

const context = {
  signal: new AbortController().signal,
  note: () => undefined,
  answer: (values: SelectedValues) => values,
};

test('an answer that there is no room for does not count as one', async () => {
  const { read } = createReader(allRight, '');
  const signature = signArgv(['/app', 'serve']);
  const body = { uid: UID, signature, references: ['A'] };
  const token = parseLaunchToken(unsignedToken(), Date.now());
  const question = { token, body, address: '10.1.2.3' };
  const noRoom = new ProviderError('rate_limited', 'no room');
  const refuse = () => {
    throw noRoom;
  };
  for (let tries = 0; tries < 10; tries += 1) {
    await assert.rejects(read(question, { ...context, answer: refuse }), noRoom);
  }
  await read(question, context);
});

test('a request that any check from 0 to 8 denies never reaches AWS, and one that none denies does', async () => {
  const token = parseLaunchToken(unsignedToken(), Date.now());
  const property = fc.asyncProperty(request, fc.string(), async (right, noise) => {
    const { read, fetched } = createReader(right, noise);
    const body = {
      uid: right.uid ? UID : noise,
      signature: signArgv(right.signature ? ['/app', 'serve'] : [noise]),
      references: right.reference ? ['A'] : [`${noise}?`],
    };
    const isRight = Object.values(right).every((one) => one);
    const outcome = await read({ token, body, address: '10.1.2.3' }, context).then(
      () => 'answered',
      (error: unknown) => (error instanceof ProviderError ? 'denied' : error),
    );
    assert.equal(outcome, isRight ? 'answered' : 'denied');
    assert.equal(fetched(), isRight ? 1 : 0);
  });
  // By chance alone a request without any defect, or with one, would come too seldom.
  const single = Object.keys(allRight).map((name) => ({ ...allRight, [name]: false }));
  const examples = [allRight, ...single].map((right): [Defects, string] => [right, 'x']);
  await fc.assert(property, { examples, numRuns: 300 });
});
