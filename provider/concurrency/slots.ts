// Bounds how much of one kind of work is done at once, in all and for each of those who ask, so that nobody takes all of it.

export type Slots = {
  /**
   * Does the work when there is a slot; those who wait come in their order, but for those who have their share already. Leaves the
   * queue, with the signal's reason, when it is aborted.
   */
  readonly run: <Result>(
    who: { readonly key: string; readonly signal: AbortSignal },
    work: () => Promise<Result>,
  ) => Promise<Result>;
};

type Waiting = { readonly key: string; readonly enter: () => void };

/** `all` at once, of which `perKey` for one key. */
export function createSlots({ all, perKey }: { all: number; perKey: number }): Slots {
  const taken = new Map<string, number>();
  const queue: Waiting[] = [];
  let count = 0;

  const hasRoom = (key: string) => count < all && (taken.get(key) ?? 0) < perKey;
  const take = (key: string) => {
    count += 1;
    taken.set(key, (taken.get(key) ?? 0) + 1);
  };
  const give = (key: string) => {
    count -= 1;
    const left = (taken.get(key) ?? 1) - 1;
    if (left === 0) taken.delete(key);
    else taken.set(key, left);
    const next = queue.findIndex((waiting) => hasRoom(waiting.key));
    const [waiting] = next === -1 ? [] : queue.splice(next, 1);
    if (waiting === undefined) return;
    take(waiting.key);
    waiting.enter();
  };

  return {
    run: async ({ key, signal }, work) => {
      signal.throwIfAborted();
      if (hasRoom(key)) take(key);
      else await waitIn(queue, key, signal);
      try {
        return await work();
      } finally {
        give(key);
      }
    },
  };
}

/** Until it is let in, and then has its slot. */
function waitIn(queue: Waiting[], key: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      queue.splice(queue.indexOf(waiting), 1);
      reject(signal.reason as Error);
    };
    const enter = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const waiting = { key, enter };
    queue.push(waiting);
    signal.addEventListener('abort', leave, { once: true });
  });
}
