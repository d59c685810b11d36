// Writes the log: one JSON object per line. What is logged are facts that the callers chose; never bodies, headers,
// tokens, values or whole environments (CONTRIBUTING.md).

import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { describeError } from './describe-error.ts';

export type Logger = Pick<PinoLogger, 'debug' | 'error' | 'info' | 'warn'>;
export type LogLevel = 'debug' | 'error' | 'info' | 'warn';

/** An `error` given to a line is described, never printed as it is. */
export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: describeError, err: describeError },
  };
  return pino(options, destination);
}
