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

export function createStandardOutput(): LogOutput {
  const stream = pino.destination({ dest: STDOUT, sync: true });
  let lines = '';
  let writing: Promise<void> | undefined;

  function flush(): void {
    const text = lines;
    lines = '';
    if (text !== '') stream.write(text);
  }

  function writeAtEndOfTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        writing = undefined;
        flush();
        resolve();
      });
    });
  }

  return {
    write: (line) => {
      lines += line;
      writing ??= writeAtEndOfTurn();
    },
    written: () => writing ?? Promise.resolve(),
    flush,
  };
}
