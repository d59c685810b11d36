// Finds a thread that says nothing more: whatever it says shows that it lives, and it is asked for a word now and then.

export type Pulse = {
  /** At each of its messages; the first one begins the watch. */
  readonly heard: () => void;
  readonly end: () => void;
};

export type PulseObserver = {
  /** For a message, whatever it says. */
  readonly ask: () => void;
  /** Nothing came since it was asked. */
  readonly giveUp: () => void;
};

export function createPulse(silenceMs: number, { ask, giveUp }: PulseObserver): Pulse {
  let isHeard = false;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    if (!isHeard) {
      giveUp();
      return;
    }
    isHeard = false;
    ask();
  };
  return {
    heard: () => {
      isHeard = true;
      // Where this thread itself stood still, the word may be there and not read yet. Whoever stops need not wait for it.
      timer ??= setInterval(() => setImmediate(look), silenceMs).unref();
    },
    end: () => {
      clearInterval(timer);
    },
  };
}
