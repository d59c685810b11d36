// Says of an error what may be logged. Messages of our own errors are written to be shown; those of others may quote what
// they choked on (JSON.parse does, AWS does), so of these only the kind and the place are kept.

import { ProviderError } from '../errors.ts';

export type DescribedError = {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly frames?: readonly string[];
  readonly cause?: DescribedError;
};

/** A chain of causes longer than this is a circle. */
const MAX_CAUSES = 5;

export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error };
  const described = error instanceof ProviderError ? describeOwn(error) : describeForeign(error);
  if (error.cause === undefined || depth === MAX_CAUSES) return described;
  return { ...described, cause: describeError(error.cause, depth + 1) };
}

function describeOwn({ name, code, message }: ProviderError): DescribedError {
  return { name, code, message };
}

function describeForeign(error: Error): DescribedError {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof syscall === 'string' ? { syscall } : {}),
    ...(typeof path === 'string' ? { path } : {}),
    frames: selectFrames(error),
  };
}

/** The stack begins with the message, which can have lines that look like frames. */
function selectFrames({ stack = '', message }: Error): string[] {
  const lines = stack.slice(stack.indexOf(message) + message.length).split('\n');
  const frames = lines.filter((line) => line.length <= 300 && /^\s+at .*(?:file|node):/.test(line));
  return frames.slice(0, 5).map((line) => line.trim());
}
