// Remembers which container starts were answered, because the first answer closes the launch window of its start:
// who gets into the container later asks in vain. On this replica; the others know nothing of it.

import { windowClosed, type ContainerStart, type Decision } from './decide-launch.ts';

export type LaunchWindow = {
  /** Whether an answer may still be given to this start. */
  readonly decide: (start: ContainerStart) => Decision<ContainerStart>;
  /** Decides once more and counts the answer, in one step: of many requests at once only so many are answered. */
  readonly closeAfterAnswer: (start: ContainerStart) => Decision<ContainerStart>;
};

type Answered = {
  startedAtMs: number | undefined;
  answers: number;
  readonly firstAnswerMs: number;
  readonly forgottenMs: number;
};

// An answer can get lost on its way; the launcher then asks again at once.
const REPEATS = 2;
const REPEATS_WITHIN_MS = 5000;
// Longer than the window itself, for a status that stays behind for long.
const REMEMBERED_BEYOND_WINDOW_MS = 3_600_000;

export function createLaunchWindow({ now }: { readonly now: () => number }): LaunchWindow {
  const answered = new Map<string, Answered>();

  function find(start: ContainerStart): Answered | undefined {
    const found = answered.get(keyOf(start));
    if (found === undefined || found.forgottenMs <= now()) return undefined;
    // A restart count can begin anew when a node does; the time of the start then tells the two apart.
    found.startedAtMs ??= start.startedAtMs;
    const isSameStart = start.startedAtMs === undefined || start.startedAtMs === found.startedAtMs;
    return isSameStart ? found : undefined;
  }

  function decide(start: ContainerStart): Decision<ContainerStart> {
    const found = find(start);
    return found === undefined || mayRepeat(found, now())
      ? { allowed: true, value: start }
      : windowClosed(`container ${start.container} was given its values for this start already`);
  }

  function closeAfterAnswer(start: ContainerStart): Decision<ContainerStart> {
    const decision = decide(start);
    if (!decision.allowed) return decision;
    const found = find(start);
    if (found !== undefined) found.answers += 1;
    else remember(answered, start, now());
    return decision;
  }

  return { decide, closeAfterAnswer };
}

function mayRepeat({ answers, firstAnswerMs }: Answered, nowMs: number): boolean {
  return answers <= REPEATS && nowMs - firstAnswerMs < REPEATS_WITHIN_MS;
}

function remember(answered: Map<string, Answered>, start: ContainerStart, nowMs: number): void {
  const key = keyOf(start);
  // The order of insertion is that of forgetting, nearly.
  for (const [oldKey, { forgottenMs }] of answered) {
    if (forgottenMs > nowMs) break;
    answered.delete(oldKey);
  }
  answered.delete(key);
  answered.set(key, {
    startedAtMs: start.startedAtMs,
    answers: 1,
    firstAnswerMs: nowMs,
    forgottenMs: nowMs + start.windowMs + REMEMBERED_BEYOND_WINDOW_MS,
  });
}

function keyOf({ podUid, container, restarts }: ContainerStart): string {
  return `${podUid}/${container}/${restarts}`;
}
