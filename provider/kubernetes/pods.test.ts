import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePod, type ContainerState } from './pods.ts';

const container = { name: 'app', command: ['/app'], args: ['serve'] };

function read(pod: object) {
  return parsePod(pod);
}

test('a Pod is read with init containers, without ephemeral ones', () => {
  const pod = read({
    metadata: { uid: 'u-1', creationTimestamp: '2026-11-01T10:00:00Z' },
    spec: {
      serviceAccountName: 'api',
      initContainers: [{ name: 'init' }],
      containers: [container],
      ephemeralContainers: [{ name: 'debug' }],
    },
    status: { phase: 'Running', ephemeralContainerStatuses: [] },
  });
  const { containers, ...rest } = pod;
  const expected = {
    uid: 'u-1',
    createdAtMs: Date.UTC(2026, 10, 1, 10),
    serviceAccountName: 'api',
    isBeingDeleted: false,
    isFinished: false,
  };
  assert.deepEqual(rest, expected);
  assert.deepEqual(
    containers.map(({ name }) => name),
    ['init', 'app'],
  );
});

test('an empty Pod has no uid and no containers', () => {
  const { uid, containers } = read({});
  assert.deepEqual({ uid, containers }, { uid: '', containers: [] });
});

const creations: Record<string, [creationTimestamp: unknown, createdAtMs: number | undefined]> = {
  'a text': ['2026-11-01T10:00:00Z', Date.UTC(2026, 10, 1, 10)],
  'a Date': [new Date('2026-11-01T10:00:00Z'), Date.UTC(2026, 10, 1, 10)],
  'null, as in manifests': [null, undefined],
  nothing: [undefined, undefined],
  'no time': ['soon', undefined],
};

for (const [name, [creationTimestamp, createdAtMs]] of Object.entries(creations)) {
  test(`the creation of a Pod may be ${name}`, () => {
    assert.equal(read({ metadata: { creationTimestamp } }).createdAtMs, createdAtMs);
  });
}

const ends: Record<string, [pod: object, isBeingDeleted: boolean, isFinished: boolean]> = {
  'a Pod that runs': [{ status: { phase: 'Running' } }, false, false],
  'a Pod that is being deleted': [{ metadata: { deletionTimestamp: new Date() } }, true, false],
  'a Pod that succeeded': [{ status: { phase: 'Succeeded' } }, false, true],
  'a Pod that failed': [{ status: { phase: 'Failed' } }, false, true],
};

for (const [name, [pod, isBeingDeleted, isFinished]] of Object.entries(ends)) {
  test(`${name} is read as such`, () => {
    const parsed = read(pod);
    assert.deepEqual([parsed.isBeingDeleted, parsed.isFinished], [isBeingDeleted, isFinished]);
  });
}

test('env says which values are written and which may hold a reference', () => {
  const env = [
    { name: 'LITERAL', value: 'piggy:A' },
    { name: 'EMPTY' },
    { name: 'CONFIG', valueFrom: { configMapKeyRef: { key: 'k' } } },
    { name: 'SECRET', valueFrom: { secretKeyRef: { key: 'k' } } },
    { name: 'FIELD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ];
  const [app] = read({ spec: { containers: [{ ...container, env, envFrom: [{}] }] } }).containers;
  assert.equal(app?.hasEnvFrom, true);
  assert.deepEqual(app.env, [
    { name: 'LITERAL', value: 'piggy:A', mayHoldReference: false },
    { name: 'EMPTY', value: '', mayHoldReference: false },
    { name: 'CONFIG', value: undefined, mayHoldReference: true },
    { name: 'SECRET', value: undefined, mayHoldReference: true },
    { name: 'FIELD', value: undefined, mayHoldReference: false },
  ]);
});

const at = new Date('2026-11-01T10:00:00Z');
const states: Record<string, [status: object | undefined, state: ContainerState]> = {
  'no status': [undefined, { kind: 'unknown' }],
  'a status without a state': [{ restartCount: 0 }, { kind: 'unknown' }],
  'an empty state': [{ restartCount: 0, state: {} }, { kind: 'unknown' }],
  running: [
    { restartCount: 3, state: { running: { startedAt: at } } },
    { kind: 'running', restarts: 3, startedAtMs: at.getTime() },
  ],
  'running since nobody knows when': [
    { restartCount: 0, state: { running: {} } },
    { kind: 'unknown' },
  ],
  terminated: [{ restartCount: 0, state: { terminated: { exitCode: 0 } } }, { kind: 'terminated' }],
  'waiting for its first start': [
    { restartCount: 0, state: { waiting: { reason: 'PodInitializing' } }, lastState: {} },
    { kind: 'waiting', restarts: 0, hasRun: false },
  ],
  'waiting after a restart': [
    { restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } },
    { kind: 'waiting', restarts: 1, hasRun: true },
  ],
  'waiting after a run that was not counted': [
    { restartCount: 0, state: { waiting: {} }, lastState: { terminated: {} } },
    { kind: 'waiting', restarts: 0, hasRun: true },
  ],
};

for (const [name, [status, state]] of Object.entries(states)) {
  for (const kind of ['', 'init']) {
    test(`the state of a container: ${name} ${kind}`.trim(), () => {
      const list = kind === '' ? 'containers' : 'initContainers';
      const statuses = kind === '' ? 'containerStatuses' : 'initContainerStatuses';
      const other = { name: 'other', restartCount: 9, state: { terminated: {} } };
      const found = status === undefined ? [] : [{ name: 'app', ...status }];
      const pod = { spec: { [list]: [container] }, status: { [statuses]: [other, ...found] } };
      assert.deepEqual(read(pod).containers[0]?.state, state);
    });
  }
}
