// Bounds work in time by a timer that ends with the work. AbortSignal.timeout keeps its timer, and what AbortSignal.any made of it,
// until the time is up, also where the work took a thousandth of that.

export type TimeLimit = {
  readonly timeoutMs: number;
  /** Ends the work earlier. */
  readonly signal?: AbortSignal;
};

/** The signal that `work` is given is aborted when its time is up; work that does not heed it is waited for. */
export async function withTimeLimit<Result>(
  { timeoutMs, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const end = () => {
    controller.abort(signal?.reason);
  };
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`not done within ${timeoutMs} ms`, 'TimeoutError'));
  }, timeoutMs);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}
