// Decides whether a container may be launched now: checks 2 to 6 of the secret endpoint (docs/architecture.md), each
// on what Kubernetes says about the Pod and what the launcher says about itself.

import type { LaunchErrorCode } from '../errors.ts';
import type { ContainerState, Pod, PodContainer } from '../kubernetes/pods.ts';
import type { PodIdentity } from '../kubernetes/token-review.ts';
import type { Reference } from '../secrets/reference.ts';
import { SETTING_NAMES } from './launch-settings.ts';
import { readAllKeys, readReferences, REFERENCE_PREFIX } from './references.ts';
import { signSpecArgs } from './signature.ts';

export type Decision<T> =
  | { readonly allowed: true; readonly value: T }
  | { readonly allowed: false; readonly code: LaunchErrorCode; readonly message: string };

/** A container that is started through the launcher. */
export type WrappedContainer = PodContainer & {
  /** The literal variables that admission wrote. */
  readonly settings: ReadonlyMap<string, string>;
};

/** One start of a container; a restart is another one. */
export type ContainerStart = {
  readonly podUid: string;
  readonly container: string;
  readonly restarts: number;
  /** `undefined` while Kubernetes does not say so yet. */
  readonly startedAtMs: number | undefined;
  readonly windowMs: number;
};

const LAUNCHER = '/piggy/piggy-env';
const SEPARATOR = '--';

/** Check 2: a token outlives its Pod by some seconds, and names are used again, so the Pod must be this very one. */
export function decidePod(identity: PodIdentity, pod: Pod | undefined): Decision<Pod> {
  const name = `${identity.serviceAccount.namespace}/${identity.pod.name}`;
  const gone = (what: string) =>
    refuse('pod_gone', `pod ${name} ${what}; nothing is given out to it any more`);
  if (pod === undefined) return gone('does not exist');
  if (pod.uid !== identity.pod.uid) return gone('was replaced by another one of the same name');
  if (pod.serviceAccountName !== identity.serviceAccount.name) {
    return gone(`does not run as service account ${identity.serviceAccount.name}`);
  }
  if (pod.isBeingDeleted) return gone('is being deleted');
  if (pod.isFinished) return gone('has finished');
  return allow(pod);
}

/** Check 3. */
export function selectContainer(pod: Pod, uid: string): Decision<WrappedContainer> {
  const refused = (what: string) =>
    refuse('not_injected', `${what}; create the Pod again, so that admission wraps it`);
  const named = pod.containers.filter(({ env }) =>
    env.some(({ name, value }) => name === 'PIGGY_UID' && value === uid),
  );
  const [container] = named;
  if (container === undefined) return refused('no container of the Pod has the PIGGY_UID sent');
  if (named.length > 1) return refused('several containers of the Pod have the PIGGY_UID sent');
  const { command, args, env } = container;
  if (command.length !== 1 || command[0] !== LAUNCHER || args[0] !== SEPARATOR) {
    return refused(`container ${container.name} does not start through ${LAUNCHER} --`);
  }
  const settings = selectSettings(env);
  return typeof settings === 'string'
    ? refused(`container ${container.name} sets ${settings} twice, or from elsewhere`)
    : allow({ ...container, settings });
}

/**
 * The rest of check 3. `tokenOf` is the container that the token says it is of. Where a container goes by its own name, which all of
 * the Pod know, it is told from the others by its token alone (decision 37).
 */
export function decideToken(
  { name, settings }: WrappedContainer,
  tokenOf: string | undefined,
): Decision<void> {
  const isRight = tokenOf === undefined ? settings.get('PIGGY_UID') !== name : tokenOf === name;
  if (isRight) return allow(undefined);
  const sent = tokenOf === undefined ? 'one of the whole Pod' : `that of container ${tokenOf}`;
  return refuse(
    'not_injected',
    `container ${name} is answered only by a token of its own, and was sent ${sent}; create the Pod again, so that admission gives it one`,
  );
}

const WRITTEN_ONCE: ReadonlySet<string> = new Set(['PIGGY_UID', ...SETTING_NAMES]);

/** What admission wrote, or the name of a variable that it cannot have written: an unknown or second value. */
function selectSettings(env: PodContainer['env']): ReadonlyMap<string, string> | string {
  const settings = new Map<string, string>();
  for (const { name, value } of env.filter(({ name }) => WRITTEN_ONCE.has(name))) {
    if (value === undefined || settings.has(name)) return name;
    settings.set(name, value);
  }
  return settings;
}

/** Check 4: the argv that runs is the one of the spec. */
export function decideSignature({ name, args }: PodContainer, signature: string): Decision<void> {
  // No program starts with a NUL in its argv, and in the signature it would end an element: "a\0b" would be "a", "b".
  const isPossible = args.every((arg) => !arg.includes('\0'));
  if (isPossible && signature === signSpecArgs(args.slice(1))) return allow(undefined);
  return refuse(
    'signature_mismatch',
    `container ${name} runs another command than its spec says; the launcher must run exactly the args of the Pod`,
  );
}

export type StartQuestion = {
  readonly podUid: string;
  readonly podCreatedAtMs: number | undefined;
  readonly windowMs: number;
  readonly nowMs: number;
};

// By how much the clocks of nodes may differ without being wrong.
const TOLERATED_MS = 30_000;
/** For as long an answered start is remembered beyond its window: one later than that would be open again. */
export const MAX_AHEAD_MS = 3_600_000;

/** The first half of check 5, by the container's status; the second is the launch window's own memory. */
export function decideStart(
  { name: container, state, isDue }: PodContainer,
  question: StartQuestion,
): Decision<ContainerStart> {
  const { podUid, windowMs } = question;
  switch (state.kind) {
    case 'running':
      return decideAge({ container, ...state }, question);
    case 'waiting': {
      const { restarts } = state;
      const start = { podUid, container, restarts, startedAtMs: undefined, windowMs };
      if (state.hasRun) return notRunning(container, 'waiting to be started again');
      // Whoever knows its uid must not get its values while the init containers before it still run.
      return isDue ? allow(start) : notRunning(container, 'not to be started yet');
    }
    case 'terminated':
      return notRunning(container, 'terminated');
    case 'unknown':
      return notRunning(container, 'in no state yet');
  }
}

type Running = Extract<ContainerState, { kind: 'running' }> & { readonly container: string };

function decideAge(
  { container, restarts, startedAtMs }: Running,
  { podUid, podCreatedAtMs, windowMs, nowMs }: StartQuestion,
): Decision<ContainerStart> {
  // A start in the future is a clock that differs: open, for as long as it is remembered that it was answered.
  if (startedAtMs - nowMs > MAX_AHEAD_MS) return clockAhead(container, startedAtMs - nowMs);
  if (nowMs - startedAtMs < windowMs) {
    return allow({ podUid, container, restarts, startedAtMs, windowMs });
  }
  const tooOld = `container ${container} started more than ${windowMs / 1000} s ago`;
  const isBefore = startedAtMs + TOLERATED_MS < (podCreatedAtMs ?? startedAtMs);
  return isBefore ? clockBehind(tooOld) : windowClosed(tooOld);
}

function notRunning(container: string, state: string): Decision<never> {
  // Kubernetes lags about a second behind a restart, so the launcher tries again.
  return refuse(
    'container_not_running',
    `container ${container} is ${state}; try again in a moment`,
  );
}

/** The start is told by the clock of the node, the creation by that of the API server, and no container is older than its Pod. */
function clockBehind(tooOld: string): Decision<never> {
  return refuse(
    'launch_window_closed',
    `${tooOld} by the clock of its node, which is before its Pod was created: that clock is behind, so correct it; a restart alone may not help`,
  );
}

function clockAhead(container: string, aheadMs: number): Decision<never> {
  const minutes = Math.floor(aheadMs / 60_000);
  return refuse(
    'launch_window_closed',
    `container ${container} starts in ${minutes} minutes by the clock of its node: that clock is ahead, so correct it and restart the container`,
  );
}

export function windowClosed(reason: string): Decision<never> {
  const advice = 'restart the container for it to get its values again';
  return refuse('launch_window_closed', `${reason}: ${advice}`);
}

/** Check 6: where the spec shows all references of the container, no others are answered. */
export function decideReferences(
  { name, env, hasEnvFrom }: PodContainer,
  references: readonly Pick<Reference, 'text' | 'prefix'>[],
): Decision<void> {
  const wholes = references.filter(({ prefix }) => prefix !== undefined);
  if (wholes.length > 0) {
    const listed = readAllKeys(env);
    if (!wholes.every(({ text }) => listed.has(text))) return refuseUnlisted(name);
  }
  const { keys, isComplete } = readReferences(env);
  if (hasEnvFrom || !isComplete) return allow(undefined);
  const stranger = references.find(({ text, prefix }) => prefix === undefined && !keys.has(text));
  if (stranger === undefined) return allow(undefined);
  return refuse(
    'reference_not_in_spec',
    `container ${name} has no variable with the value ${JSON.stringify(REFERENCE_PREFIX + stranger.text)}; write it into the Pod's env`,
  );
}

/** No ConfigMap or Secret can ask for all keys, so the spec always shows who does. */
function refuseUnlisted(container: string): Decision<never> {
  const problem = `container ${container} asks for all keys of a source that its Pod does not list`;
  return refuse(
    'reference_not_in_spec',
    `${problem}; write it into the annotation piggysec.com/env-from and create the Pod again`,
  );
}

function allow<T>(value: T): Decision<T> {
  return { allowed: true, value };
}

function refuse(code: LaunchErrorCode, message: string): Decision<never> {
  return { allowed: false, code, message };
}
