// The routes of the three listeners, and nothing but routes: launches, lookups, operations.

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { AnswerKyverno } from '../admission/kyverno.ts';
import { ProviderError } from '../errors.ts';
import { describeDecision } from '../launches/audit.ts';
import type { ReadLaunchValues } from '../launches/read-launch-values.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { type Ends, withDeadline } from './deadline.ts';
import { toErrorResponse } from './error-response.ts';
import type { Guard, Refusal } from './guard.ts';
import type { Readiness } from './readiness.ts';
import { limitBody, parseBearerToken, readJsonBody, receiveBody } from './request-body.ts';
import {
  observeRequests,
  type DescribeEnd,
  type RequestEnv,
  type RequestObserver,
} from './request-log.ts';

/** What the listeners for launches and for lookups have in common. */
export type AppDependencies = {
  readonly observer: RequestObserver;
  readonly guard: Guard;
  readonly timeoutMs: number;
  readonly stopping: AbortSignal;
};

export function createLaunchApp(
  dependencies: AppDependencies & { readonly readLaunchValues: ReadLaunchValues },
): Hono<RequestEnv> {
  const { readLaunchValues, timeoutMs, stopping } = dependencies;
  const route = '/v1/secret';
  const app = createApp(dependencies, route, (code, facts) =>
    describeDecision(code, 'pod' in facts),
  );
  app.post(route, async (c) => {
    const body = await readJsonBody(c);
    const token = parseBearerToken(c.req.header('authorization'));
    const ends: Ends = { timeoutMs, stopping, client: c.req.raw.signal };
    const values = await withDeadline(ends, (signal) =>
      readLaunchValues({ token, body }, { signal, note: c.get('note') }),
    );
    c.header('Cache-Control', 'no-store');
    return c.json(reveal(values));
  });
  return app;
}

export function createLookupApp(
  dependencies: AppDependencies & { readonly answerKyverno: AnswerKyverno },
): Hono<RequestEnv> {
  const { answerKyverno, timeoutMs, stopping } = dependencies;
  const route = '/kyverno/v1/images';
  const app = createApp(dependencies, route);
  app.post(route, async (c) => {
    const message = await readJsonBody(c);
    const ends: Ends = { timeoutMs, stopping, client: c.req.raw.signal };
    const answer = await withDeadline(ends, (signal) =>
      answerKyverno(message, { signal, note: c.get('note') }),
    );
    return c.json(answer);
  });
  return app;
}

export function createOperationsApp({
  metrics,
  readiness,
}: {
  readonly metrics: Pick<Metrics, 'render'>;
  readonly readiness: Readiness;
}): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  app.onError((error, c) => c.json(toErrorResponse(error).body, toErrorResponse(error).status));
  app.get('/healthz', (c) => c.json({ healthy: true }));
  app.get('/readyz', (c) => {
    const obstacles = readiness.obstacles();
    const warnings = readiness.warnings();
    const detail = { ready: obstacles.length === 0, obstacles };
    const body = warnings.length === 0 ? detail : { ...detail, warnings };
    return c.json(body, detail.ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const { text, contentType } = await metrics.render();
    return c.body(text, 200, { 'Content-Type': contentType });
  });
  return app;
}

function createApp(
  { observer, guard }: AppDependencies,
  route: string,
  describeEnd?: DescribeEnd,
): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  app.onError((error, c) => {
    const { status, headers, body } = toErrorResponse(error);
    return c.json(body, status, headers);
  });
  app.notFound((c) => {
    throw new ProviderError(
      'not_found',
      `no route ${c.req.method} ${c.req.path}; there is POST ${route}`,
    );
  });
  app.use(
    observeRequests(observer, route, describeEnd),
    admitHead(guard),
    limitBody(),
    admitWhole(guard),
  );
  return app;
}

function admitHead(guard: Guard): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const admission = guard.arrive(addressOf(c));
    if (!admission.admitted) throw refused(admission);
    await next();
  };
}

/** Nobody holds a slot by sending slowly. */
function admitWhole(guard: Guard): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    await receiveBody(c);
    const admission = guard.enter(addressOf(c));
    if (!admission.admitted) throw refused(admission);
    try {
      await next();
    } finally {
      admission.leave();
    }
  };
}

function addressOf(c: Context<RequestEnv>): string {
  return c.env.incoming.socket.remoteAddress ?? 'unknown';
}

function refused({ reason, retryAfterSeconds }: Refusal): ProviderError {
  return new ProviderError('rate_limited', reason, { retryAfterSeconds });
}

/** The one place where secret values become text. */
function reveal({ values, missing, hint }: SelectedValues) {
  const revealed = [...values].map(([key, value]) => [key, value.reveal()] as const);
  return { values: Object.fromEntries(revealed), missing, hint };
}
