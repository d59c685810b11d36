import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaunchErrorCode } from '../errors.ts';
import type { ContainerState, EnvEntry, Pod, PodContainer } from '../kubernetes/pods.ts';
import {
  decidePod,
  decideSignature,
  decideStart,
  decideToken,
  selectContainer,
  type Decision,
} from './decide-launch.ts';
import { signArgv } from './signature.ts';

const UID = '0123456789abcdef0123456789abcdef';
const NOW = Date.parse('2026-11-01T10:00:00Z');

const identity = {
  serviceAccount: { namespace: 'shop', name: 'api' },
  pod: { name: 'api-0', uid: 'pod-1' },
};

function literal(name: string, value: string): EnvEntry {
  return { name, value, mayHoldReference: false };
}

const elsewhere = (name: string): EnvEntry => ({ name, value: undefined, mayHoldReference: true });

const app: PodContainer = {
  name: 'app',
  command: ['/piggy/piggy-env'],
  args: ['--', '/app', 'serve'],
  env: [literal('PIGGY_UID', UID), literal('PIGGY_AWS_SECRET_NAME', 'shop/api')],
  hasEnvFrom: false,
  isDue: true,
  state: { kind: 'running', restarts: 0, startedAtMs: NOW - 1000 },
};
const sidecar: PodContainer = { ...app, name: 'sidecar', command: ['/sidecar'], env: [] };

const pod: Pod = {
  uid: 'pod-1',
  createdAtMs: NOW - 2000,
  serviceAccountName: 'api',
  isBeingDeleted: false,
  isFinished: false,
  containers: [sidecar, app],
};

type Outcome = 'allowed' | LaunchErrorCode;

function outcome(decision: Decision<unknown>): Outcome {
  return decision.allowed ? 'allowed' : decision.code;
}

const pods: Record<string, [pod: Pod | undefined, outcome: Outcome]> = {
  'the Pod of the token is launched': [pod, 'allowed'],
  'a Pod that is not there is not': [undefined, 'pod_gone'],
  'a Pod of the same name is not': [{ ...pod, uid: 'pod-2' }, 'pod_gone'],
  'a Pod without a uid is not': [{ ...pod, uid: '' }, 'pod_gone'],
  'a Pod of another service account is not': [{ ...pod, serviceAccountName: 'web' }, 'pod_gone'],
  'a Pod that is being deleted is not': [{ ...pod, isBeingDeleted: true }, 'pod_gone'],
  'a Pod that has finished is not': [{ ...pod, isFinished: true }, 'pod_gone'],
};

for (const [name, [found, expected]] of Object.entries(pods)) {
  test(`check 2: ${name}`, () => {
    assert.equal(outcome(decidePod(identity, found)), expected);
  });
}

const withEnv = (...env: EnvEntry[]): PodContainer => ({ ...app, env: [...app.env, ...env] });

const containers: Record<string, [containers: readonly PodContainer[], outcome: Outcome]> = {
  'the container with the uid is launched': [[sidecar, app], 'allowed'],
  'no container with the uid, none is launched': [[sidecar], 'not_injected'],
  'two containers with the uid, none is launched': [
    [app, { ...app, name: 'twin' }],
    'not_injected',
  ],
  'a twin that is not wrapped counts too': [
    [app, { ...app, name: 'twin', command: ['sh'] }],
    'not_injected',
  ],
  'the uid of another container does not count': [
    [{ ...app, env: [literal('PIGGY_UID', `${UID}0`)] }],
    'not_injected',
  ],
  'a uid from a ConfigMap does not count': [
    [{ ...app, env: [elsewhere('PIGGY_UID')] }],
    'not_injected',
  ],
  'a uid under another name does not count': [
    [{ ...app, env: [literal('UID', UID)] }],
    'not_injected',
  ],
  'a container that runs something else is not wrapped': [
    [{ ...app, command: ['/bin/sh'] }],
    'not_injected',
  ],
  'a container without command is not wrapped': [[{ ...app, command: [] }], 'not_injected'],
  'a launcher with an argument in its command is another one': [
    [{ ...app, command: ['/piggy/piggy-env', '--'] }],
    'not_injected',
  ],
  'a launcher without its separator is another one': [[{ ...app, args: ['/app'] }], 'not_injected'],
  'a launcher without args is another one': [[{ ...app, args: [] }], 'not_injected'],
  'a second uid was not written by admission': [
    [withEnv(literal('PIGGY_UID', UID))],
    'not_injected',
  ],
  'a second secret was not written by admission': [
    [withEnv(literal('PIGGY_AWS_SECRET_NAME', 'bank/vault'))],
    'not_injected',
  ],
  'a setting from a ConfigMap was not written by admission': [
    [withEnv(elsewhere('PIGGY_ENFORCE_INTEGRITY'))],
    'not_injected',
  ],
  'PIGGY_ variables of the application are its own': [
    [withEnv(literal('PIGGY_BANK', '1'), literal('PIGGY_BANK', '2'), elsewhere('PIGGY_FARM'))],
    'allowed',
  ],
};

for (const [name, [found, expected]] of Object.entries(containers)) {
  test(`check 3: ${name}`, () => {
    const decision = selectContainer({ ...pod, containers: found }, UID);
    assert.equal(outcome(decision), expected);
    if (decision.allowed)
      assert.equal(decision.value.settings.get('PIGGY_AWS_SECRET_NAME'), 'shop/api');
  });
}

const ownTokens: Record<string, [uid: string, tokenOf: string | undefined, outcome: Outcome]> = {
  'a random uid is enough with a token of the Pod': [UID, undefined, 'allowed'],
  'a random uid goes with a token of its container': [UID, 'app', 'allowed'],
  'a random uid does not go with a token of another container': [UID, 'sidecar', 'not_injected'],
  'a name goes with a token of its container': ['app', 'app', 'allowed'],
  'a name does not go with a token of another container': ['app', 'sidecar', 'not_injected'],
  'a name is not enough with a token of the Pod': ['app', undefined, 'not_injected'],
};

for (const [name, [uid, tokenOf, expected]] of Object.entries(ownTokens)) {
  test(`check 3: ${name}`, () => {
    const container = { ...app, settings: new Map([['PIGGY_UID', uid]]) };
    assert.equal(outcome(decideToken(container, tokenOf)), expected);
  });
}

const right = signArgv(['/app', 'serve']);
const signatures: Record<string, [args: readonly string[], signature: string, outcome: Outcome]> = {
  'the argv of the spec is launched': [app.args, right, 'allowed'],
  'no signature is a mismatch': [app.args, '', 'signature_mismatch'],
  'another argv is a mismatch': [app.args, signArgv(['/app', 'shell']), 'signature_mismatch'],
  'an argv that is joined elsewhere is a mismatch': [
    app.args,
    signArgv(['/app serve']),
    'signature_mismatch',
  ],
  'the separator is not part of the argv': [app.args, signArgv(app.args), 'signature_mismatch'],
  'a signature in capitals is a mismatch': [app.args, right.toUpperCase(), 'signature_mismatch'],
  'doubled text is launched as the author wrote it': [
    ['--', 'echo', '$$(A) $$$$'],
    signArgv(['echo', '$(A) $$']),
    'allowed',
  ],
  'doubled text as it stands in the spec is a mismatch': [
    ['--', 'echo', '$$(A)'],
    signArgv(['echo', '$$(A)']),
    'signature_mismatch',
  ],
  'what the kubelet put in for a variable is a mismatch': [
    ['--', 'echo', '$(A)'],
    signArgv(['echo', 'value of A']),
    'signature_mismatch',
  ],
};

for (const [name, [args, signature, expected]] of Object.entries(signatures)) {
  test(`check 4: ${name}`, () => {
    assert.equal(outcome(decideSignature({ ...app, args }, signature)), expected);
  });
}

const running = (startedAtMs: number, restarts = 0): ContainerState => ({
  kind: 'running',
  restarts,
  startedAtMs,
});

const starts: Record<string, [state: ContainerState, outcome: Outcome]> = {
  'a container that started a second ago': [running(NOW - 1000), 'allowed'],
  'a container that started just within the window': [running(NOW - 119_999), 'allowed'],
  'a container that started as long ago as the window': [
    running(NOW - 120_000),
    'launch_window_closed',
  ],
  'a container that started long ago': [running(0), 'launch_window_closed'],
  'a container whose start is no time': [running(NaN), 'launch_window_closed'],
  'a container that starts in the future of a wrong clock': [running(NOW + 60_000), 'allowed'],
  'a container that was restarted': [running(NOW - 1000, 7), 'allowed'],
  'a container that waits for its first start': [
    { kind: 'waiting', restarts: 0, hasRun: false },
    'allowed',
  ],
  'a container that waits to be restarted': [
    { kind: 'waiting', restarts: 1, hasRun: true },
    'container_not_running',
  ],
  'a container that has ended': [{ kind: 'terminated' }, 'container_not_running'],
  'a container without status': [{ kind: 'unknown' }, 'container_not_running'],
};

for (const [name, [state, expected]] of Object.entries(starts)) {
  test(`check 5: ${name}`, () => {
    const question = { podUid: 'pod-1', podCreatedAtMs: 0, windowMs: 120_000, nowMs: NOW };
    assert.equal(outcome(decideStart({ ...app, state }, question)), expected);
  });
}

test('check 5: a start is open for as long in the future as it is remembered that it was answered', () => {
  const question = { podUid: 'pod-1', podCreatedAtMs: NOW, windowMs: 120_000, nowMs: NOW };
  const decide = (aheadMs: number) =>
    decideStart({ ...app, state: running(NOW + aheadMs) }, question);
  assert.ok(decide(3_600_000).allowed);
  const decision = decide(3_600_001);
  assert.ok(!decision.allowed);
  assert.equal(decision.code, 'launch_window_closed');
  assert.match(
    decision.message,
    /^container app starts in 60 minutes by the clock of its node: that clock is ahead/,
  );
});

const RESTART = /^container app started more than 120 s ago: restart the container/;
const CLOCK =
  /^container app started more than 120 s ago by the clock of its node, which is before its Pod was created: that clock is behind/;
const LATE = NOW - 300_000;
const late: Record<string, [podCreatedAtMs: number | undefined, message: RegExp]> = {
  'before its Pod was created is proof of a clock that is behind': [LATE + 30_001, CLOCK],
  'long before its Pod was created is, too': [NOW, CLOCK],
  'just before its Pod was created is no proof': [LATE + 30_000, RESTART],
  'after its Pod was created is its age': [LATE - 1000, RESTART],
  'in a Pod without a creation is its age': [undefined, RESTART],
};

for (const [name, [podCreatedAtMs, expected]] of Object.entries(late)) {
  test(`check 5: a start that is too old and ${name}`, () => {
    const question = { podUid: 'pod-1', podCreatedAtMs, windowMs: 120_000, nowMs: NOW };
    const decision = decideStart({ ...app, state: running(LATE) }, question);
    assert.equal(outcome(decision), 'launch_window_closed');
    assert.match(decision.allowed ? '' : decision.message, expected);
  });
}

test('check 5: a start before its Pod was created is launched while its window is open', () => {
  const question = { podUid: 'pod-1', podCreatedAtMs: NOW, windowMs: 120_000, nowMs: NOW };
  assert.equal(outcome(decideStart({ ...app, state: running(NOW - 60_000) }, question)), 'allowed');
});
