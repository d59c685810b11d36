// Ends work on an answer when nobody waits for it any more: its time is up, the client is gone, or the provider stops.

import { ProviderError } from '../errors.ts';

/** The response that the work is for, as Node makes it: when it closes before it is sent, its client is gone. */
export type Client = {
  readonly closed: boolean;
  readonly on: (event: 'close', react: () => void) => unknown;
  readonly off: (event: 'close', react: () => void) => unknown;
};

/** Throws `deadline_exceeded` or `client_closed`, also where the work does not heed its signal. */
export type KeepDeadline = <T>(
  client: Client,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

export type DeadlineOptions = {
  readonly timeoutMs: number;
  /** Aborted when a stopping provider cannot wait any longer. */
  readonly stopping: AbortSignal;
};

export function createDeadline({ timeoutMs, stopping }: DeadlineOptions): KeepDeadline {
  const onStop = followStop(stopping);
  return async (client, work) => {
    const controller = new AbortController();
    const ended = Promise.withResolvers<never>();
    const end = (error: ProviderError) => {
      // First the answer: work that is aborted fails too, with an error that explains less.
      ended.reject(error);
      controller.abort(error);
    };
    const timer = setTimeout(() => {
      end(tooLate(timeoutMs));
    }, timeoutMs);
    const removers = [
      onClose(client, () => {
        end(clientClosed());
      }),
      onStop(() => {
        end(mustStop());
      }),
    ];
    try {
      return await Promise.race([ended.promise, work(controller.signal)]);
    } finally {
      clearTimeout(timer);
      for (const remove of removers) remove();
    }
  };
}

function tooLate(timeoutMs: number): ProviderError {
  return new ProviderError(
    'deadline_exceeded',
    `no answer within ${timeoutMs / 1_000} s; try again`,
  );
}

function clientClosed(): ProviderError {
  return new ProviderError('client_closed', 'the client closed its connection');
}

function mustStop(): ProviderError {
  const message = 'this replica stops; try again';
  return new ProviderError('deadline_exceeded', message, { retryAfterSeconds: 1 });
}

function onClose(client: Client, react: () => void): () => void {
  if (client.closed) react();
  else client.on('close', react);
  return () => {
    client.off('close', react);
  };
}

/** One listener for all: the signal looks through those that it has for each that is added. */
function followStop(stopping: AbortSignal): (react: () => void) => () => void {
  const reactions = new Set<() => void>();
  stopping.addEventListener('abort', () => {
    for (const react of reactions) react();
  });
  return (react) => {
    if (stopping.aborted) react();
    else reactions.add(react);
    return () => {
      reactions.delete(react);
    };
  };
}
