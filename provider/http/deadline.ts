// Ends work on an answer when nobody waits for it any more: its time is up, the client is gone, or the provider stops.

import { ProviderError } from '../errors.ts';

export type Ends = {
  readonly timeoutMs: number;
  /** Aborted when the client closes its connection. */
  readonly client: AbortSignal;
  /** Aborted when a stopping provider cannot wait any longer. */
  readonly stopping: AbortSignal;
};

/** Throws `deadline_exceeded` or `client_closed`, also where the work does not heed its signal. */
export async function withDeadline<T>(
  { timeoutMs, client, stopping }: Ends,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (error: ProviderError) => {
    // First the answer: work that is aborted fails too, with an error that explains less.
    ended.reject(error);
    controller.abort(error);
  };
  const timer = setTimeout(() => {
    end(
      new ProviderError('deadline_exceeded', `no answer within ${timeoutMs / 1_000} s; try again`),
    );
  }, timeoutMs);
  const removers = [
    onAbort(client, () => {
      end(new ProviderError('client_closed', 'the client closed its connection'));
    }),
    onAbort(stopping, () => {
      end(
        new ProviderError('deadline_exceeded', 'this replica stops; try again', {
          retryAfterSeconds: 1,
        }),
      );
    }),
  ];
  try {
    return await Promise.race([ended.promise, work(controller.signal)]);
  } finally {
    clearTimeout(timer);
    for (const remove of removers) remove();
  }
}

function onAbort(signal: AbortSignal, react: () => void): () => void {
  if (signal.aborted) react();
  else signal.addEventListener('abort', react);
  return () => {
    signal.removeEventListener('abort', react);
  };
}
