// Waits for a condition by asking again and again, so that a test takes as long as what it waits for.

import { setTimeout as pause } from 'node:timers/promises';

const ASK_AGAIN_MS = 10;

export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await pause(ASK_AGAIN_MS);
}
