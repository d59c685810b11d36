// Writes one line and one count per request, and lets the answer wait until the line is out (decision 28). The use cases tell
// through `note` what is worth saying; they never log.

import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import type { LookupFacts } from '../admission/kyverno.ts';
import { ProviderError } from '../errors.ts';
import type { LaunchFacts } from '../launches/launch-facts.ts';
import { describeError } from '../observability/describe-error.ts';
import type { Logger, LogLevel } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { toErrorResponse } from './error-response.ts';

export type RequestFacts = LaunchFacts | LookupFacts;

export type RequestEnv = {
  Bindings: HttpBindings;
  Variables: {
    note: (facts: RequestFacts) => void;
    /** As it was received. */
    body: string;
    /** What the request failed with, where its answer tells that in its own way and is 200 all the same. */
    told: unknown;
  };
};

export type RequestObserver = {
  readonly log: Logger;
  /** Resolved when the lines so far are out. */
  readonly written: () => Promise<void>;
  readonly metrics: Pick<Metrics, 'observeRequest'>;
  /** In milliseconds, of a clock that does not go back. */
  readonly now: () => number;
};

/** What the end of a request means, beside its code. */
export type DescribeEnd = (code: string, facts: object) => object;

/** `route` is the one path that the application answers: paths that callers make up would make endless metrics. */
export function observeRequests(
  { log, written, metrics, now }: RequestObserver,
  route: string,
  describeEnd: DescribeEnd = () => ({}),
): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const startedMs = now();
    const facts: Record<string, unknown> = {};
    c.set('note', (more) => {
      Object.assign(facts, describeFailures(more));
    });
    await next();
    const error: unknown = c.error ?? c.get('told');
    const outcome = {
      route: c.req.path === route ? route : 'unknown',
      // That of the failure, also where it is told in an answer that is 200 itself: alerts go by it.
      status: error === undefined ? c.res.status : toErrorResponse(error).status,
      code: selectCode(error),
      durationMs: Math.round((now() - startedMs) * 10) / 10,
    };
    metrics.observeRequest(outcome);
    const end = describeEnd(outcome.code, facts);
    const failure = error === undefined ? {} : { error };
    log[selectLevel(outcome)]({ ...outcome, ...end, ...facts, ...failure }, 'request');
    await written();
  };
}

function describeFailures(facts: RequestFacts): object {
  if (!('failures' in facts)) return facts;
  const described = Object.entries(facts.failures).map(
    ([reference, error]) => [reference, describeError(error)] as const,
  );
  return { ...facts, failures: Object.fromEntries(described) };
}

function selectCode(error: unknown): string {
  if (error === undefined) return 'ok';
  return error instanceof ProviderError ? error.code : 'internal_error';
}

function selectLevel({ status, code }: { status: number; code: string }): LogLevel {
  if (code === 'internal_error') return 'error';
  // Whoever floods the provider shall not flood the log; the metric counts them.
  if (code === 'rate_limited') return 'debug';
  return status >= 500 ? 'warn' : 'info';
}
