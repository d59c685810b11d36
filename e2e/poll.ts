// Waits for a condition by asking again, so that a test takes as long as the cluster does and no longer.

import { setTimeout as pause } from 'node:timers/promises';

/**
 * The first answer that is not undefined. A question that throws counts as unanswered; when the time is up,
 * its last error is the cause. The default is generous: it only decides how late a failure is reported.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { withinMs = 120_000, everyMs = 200 } = {},
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const answer = await ask().then(
      (value) => ({ value }),
      (cause: unknown) => ({ cause }),
    );
    if ('value' in answer && answer.value !== undefined) return answer.value;
    if (performance.now() > giveUpAt) {
      const said = 'cause' in answer ? { cause: answer.cause } : {};
      throw new Error(`waited ${withinMs / 1000} s in vain until ${what}`, said);
    }
    await pause(everyMs);
  }
}
