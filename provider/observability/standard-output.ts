// Standard output, where the log goes. All lines of one turn of the event loop are written together, because each write wakes
// whoever reads them: one for each line was a fifth of what a launch costs (decision 28).

import { type DestinationStream, pino } from 'pino';

export type LogOutput = DestinationStream & {
  /** Resolved when all lines so far are written; they can be read then, whatever becomes of the one who wrote them. */
  readonly written: () => Promise<void>;
  /** Writes at once what is not written yet: to be called when the process exits. */
  readonly flush: () => void;
};

const STDOUT = 1;
/** So many are not kept until the end of the turn. */
const MANY_BYTES = 8_192;

/** A standard output that nobody reads any more is an error of the write, and thrown where nobody catches it. */
export function createStandardOutput(): LogOutput {
  const stream = pino.destination({ dest: STDOUT, sync: true, minLength: MANY_BYTES });
  let writing: Promise<void> | undefined;
  function writeAtEndOfTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        writing = undefined;
        stream.flushSync();
        resolve();
      });
    });
  }

  return {
    write: (line) => {
      stream.write(line);
      writing ??= writeAtEndOfTurn();
    },
    written: () => writing ?? Promise.resolve(),
    flush: () => {
      stream.flushSync();
    },
  };
}
