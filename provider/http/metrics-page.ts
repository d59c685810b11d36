// Makes the text of /metrics anew for who reads it now and then, and at most once a second where it is asked for often: making it
// takes milliseconds, in which no launch is answered.

import { createTokenBucket } from '../concurrency/token-bucket.ts';
import type { Metrics } from '../observability/metrics.ts';

const RATE = { perSecond: 1, burst: 10 };

/** `now` in milliseconds, of a clock that does not go back. */
export function createMetricsPage(render: Metrics['render'], now: () => number): Metrics['render'] {
  const bucket = createTokenBucket(RATE, now);
  let page: ReturnType<Metrics['render']> | undefined;
  return () => {
    if (bucket.take() === 0) page = render();
    return (page ??= render());
  };
}
