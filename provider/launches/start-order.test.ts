// Holds check 5 to the order in which Kubernetes starts containers: while a Pod comes up, as its statuses tell it, exactly those
// containers are open that may be starting.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePod } from '../kubernetes/pods.ts';
import { decideStart } from './decide-launch.ts';

const NOW = Date.parse('2026-11-01T10:00:00Z');
const LONG_AGO = new Date(NOW - 3_600_000);
const JUST_NOW = new Date(NOW - 1_000);

type Phase =
  'not started' | 'failed, to be started again' | 'started just now' | 'running for long' | 'done';
type Container = { readonly kind: 'init' | 'sidecar' | 'app'; readonly phase: Phase };

/** How the kubelet shows it. Of a sidecar, `started` is what lets others start. */
const statuses: Record<Phase, object> = {
  'not started': {
    restartCount: 0,
    started: false,
    state: { waiting: { reason: 'PodInitializing' } },
  },
  'failed, to be started again': {
    restartCount: 1,
    started: false,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 1 } },
  },
  'started just now': {
    restartCount: 0,
    started: true,
    state: { running: { startedAt: JUST_NOW } },
  },
  'running for long': {
    restartCount: 0,
    started: true,
    state: { running: { startedAt: LONG_AGO } },
  },
  done: { restartCount: 0, started: false, state: { terminated: { exitCode: 0 } } },
};

function podOf(containers: readonly Container[]): object {
  const named = containers.map((one, i) => ({ ...one, name: `${one.kind}-${i}` }));
  const ofKind = (...kinds: string[]) => named.filter(({ kind }) => kinds.includes(kind));
  const statusOf = ({ name, phase }: { name: string; phase: Phase }) => {
    return { ...statuses[phase], name, image: 'i', imageID: 'i', ready: false };
  };
  return {
    metadata: { uid: 'pod-1', creationTimestamp: LONG_AGO },
    spec: {
      initContainers: ofKind('init', 'sidecar').map(({ name, kind }) =>
        kind === 'sidecar' ? { name, restartPolicy: 'Always' } : { name },
      ),
      containers: ofKind('app').map(({ name }) => ({ name })),
    },
    status: {
      initContainerStatuses: ofKind('init', 'sidecar').map(statusOf),
      containerStatuses: ofKind('app').map(statusOf),
    },
  };
}

function openOnes(pod: object): string[] {
  const question = { podUid: 'pod-1', podCreatedAtMs: NOW, windowMs: 120_000, nowMs: NOW };
  return parsePod(pod)
    .containers.filter((container) => decideStart(container, question).allowed)
    .map(({ name }) => name);
}

/** What comes up: everything before `at` has let the next one start, everything after it has not started. */
const comingUp = fc
  .record({
    inits: fc.array(fc.constantFrom('init' as const, 'sidecar' as const), { maxLength: 5 }),
    apps: fc.integer({ min: 1, max: 3 }),
    at: fc.nat({ max: 5 }),
    phase: fc.constantFrom<Phase>(
      'not started',
      'failed, to be started again',
      'started just now',
      'running for long',
    ),
  })
  .map(({ inits, apps, at: step, phase }) => {
    const at = Math.min(step, inits.length);
    const before = inits.slice(0, at).map((kind): Container => {
      return { kind, phase: kind === 'init' ? 'done' : 'running for long' };
    });
    // Application containers start together, after all init containers.
    const isAtApps = at === inits.length;
    const now = inits.slice(at, at + 1).map((kind): Container => ({ kind, phase }));
    const after = inits.slice(at + 1).map((kind): Container => ({ kind, phase: 'not started' }));
    const last = Array.from({ length: apps }, (): Container => {
      return { kind: 'app', phase: isAtApps ? phase : 'not started' };
    });
    return { containers: [...before, ...now, ...after, ...last], at, isAtApps, phase };
  });

test('while a Pod comes up, exactly those are open that may be starting', () => {
  fc.assert(
    fc.property(comingUp, ({ containers, at, isAtApps, phase }) => {
      const named = containers.map(({ kind }, i) => `${kind}-${i}`);
      const isOpen = phase === 'not started' || phase === 'started just now';
      const turn = isAtApps ? named.slice(at) : named.slice(at, at + 1);
      // A sidecar that has just started lets the next ones start as well.
      const current = containers[at];
      const next =
        !isAtApps &&
        current?.kind === 'sidecar' &&
        (phase === 'started just now' || phase === 'running for long')
          ? followers(containers, at)
          : [];
      const expected = [...(isOpen ? turn : []), ...next];
      assert.deepEqual(openOnes(podOf(containers)).sort(), expected.sort());
    }),
  );
});

/** The next init container, or where there is none, the application containers. */
function followers(containers: readonly Container[], at: number): string[] {
  const named = containers.map(({ kind }, i) => `${kind}-${i}`);
  return containers[at + 1]?.kind === 'app' ? named.slice(at + 1) : named.slice(at + 1, at + 2);
}

test('a container that waits behind an init container that runs for hours is not open', () => {
  const pod = podOf([
    { kind: 'init', phase: 'running for long' },
    { kind: 'app', phase: 'not started' },
  ]);
  assert.deepEqual(openOnes(pod), []);
});

test('a container that waits behind a sidecar that has not started is not open', () => {
  const pod = podOf([
    { kind: 'sidecar', phase: 'failed, to be started again' },
    { kind: 'app', phase: 'not started' },
  ]);
  assert.deepEqual(openOnes(pod), []);
});

test('when all of a Pod is restarted in place, what ran before is not open until it runs again', () => {
  const pod = podOf([
    { kind: 'init', phase: 'started just now' },
    { kind: 'app', phase: 'failed, to be started again' },
  ]);
  assert.deepEqual(openOnes(pod), ['init-0']);
});
