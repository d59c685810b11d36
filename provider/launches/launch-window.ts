// Remembers which container starts were answered, because the first answer closes the launch window of its start:
// who gets into the container later asks in vain. On this replica; the others know nothing of it.

import { createClosedStarts } from './closed-starts.ts';
import { MAX_AHEAD_MS, windowClosed, type ContainerStart, type Decision } from './decide-launch.ts';

export type LaunchWindow = {
  /** Whether an answer may still be given to this start. */
  readonly decide: (start: ContainerStart) => Decision<ContainerStart>;
  /** Decides once more and counts the answer, in one step: of many requests at once only so many are answered. */
  readonly closeAfterAnswer: (start: ContainerStart) => Decision<ContainerStart>;
};

type Answered = {
  start: ContainerStart;
  answers: number;
  readonly firstAnswerMs: number;
};

// An answer can get lost on its way; the launcher then asks again at once.
const REPEATS = 2;
const REPEATS_WITHIN_MS = 5000;
// Longer than the window itself, for a status that stays behind for long and for the clocks of nodes that are ahead.
const REMEMBERED_BEYOND_WINDOW_MS = MAX_AHEAD_MS;
/** An hour of 70 starts a second; some 70 bytes each. */
const MAX_REMEMBERED = 250_000;

export function createLaunchWindow({ now }: { readonly now: () => number }): LaunchWindow {
  /** Those whose answer may still be repeated, the oldest first. */
  const answered = new Map<string, Answered>();
  const closed = createClosedStarts({ now, max: MAX_REMEMBERED });

  function closeOld(): void {
    for (const [key, { start, firstAnswerMs }] of answered) {
      if (now() - firstAnswerMs < REPEATS_WITHIN_MS) return;
      answered.delete(key);
      closed.add(start, firstAnswerMs + start.windowMs + REMEMBERED_BEYOND_WINDOW_MS);
    }
  }

  function find(start: ContainerStart): Answered | undefined {
    closeOld();
    const found = answered.get(keyOf(start));
    if (found === undefined || !isSameStart(found.start, start)) return undefined;
    found.start = { ...start, startedAtMs: found.start.startedAtMs ?? start.startedAtMs };
    return found;
  }

  function decide(start: ContainerStart): Decision<ContainerStart> {
    const found = find(start);
    const isOpen = found === undefined ? !closed.has(start) : found.answers <= REPEATS;
    return isOpen
      ? { allowed: true, value: start }
      : windowClosed(`container ${start.container} was given its values for this start already`);
  }

  function closeAfterAnswer(start: ContainerStart): Decision<ContainerStart> {
    const decision = decide(start);
    if (!decision.allowed) return decision;
    const found = find(start);
    if (found !== undefined) found.answers += 1;
    else {
      // In the place of its key's former start, which Kubernetes does not show any more, it would be out of order.
      answered.delete(keyOf(start));
      answered.set(keyOf(start), { start, answers: 1, firstAnswerMs: now() });
    }
    return decision;
  }

  return { decide, closeAfterAnswer };
}

/** A restart count can begin anew when a node does; the time of the start then tells the two apart. */
function isSameStart(kept: ContainerStart, asked: ContainerStart): boolean {
  const times = [kept.startedAtMs, asked.startedAtMs];
  return times.includes(undefined) || times[0] === times[1];
}

function keyOf({ podUid, container, restarts }: ContainerStart): string {
  return `${podUid}/${container}/${restarts}`;
}
