// The routes of the three listeners, and nothing but routes: launches, lookups, operations.

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { AnswerKyverno } from '../admission/kyverno.ts';
import { sealedMessageLimits } from '../admission/sealed-message.ts';
import { ProviderError } from '../errors.ts';
import { describeDecision } from '../launches/audit.ts';
import { launchRequestLimits } from '../launches/launch-request.ts';
import type { ReadLaunchValues } from '../launches/read-launch-values.ts';
import type { LaunchToken } from '../launches/token.ts';
import type { CutReason, Metrics, ObserveCut } from '../observability/metrics.ts';
import type { SelectedValues } from '../secrets/values.ts';
import { type AnswerRoom, createAnswerRoom, MAX_BYTES_UNSENT_AT_ONCE } from './answer-room.ts';
import { type AnswerContent, makeAnswerText } from './answer-text.ts';
import { type BodyRoom, createBodyRoom, MAX_BYTES_RECEIVED_AT_ONCE } from './body-room.ts';
import { createDeadline } from './deadline.ts';
import { toErrorResponse } from './error-response.ts';
import type { Guard, Refusal } from './guard.ts';
import { createMetricsPage } from './metrics-page.ts';
import { keepPace } from './pace.ts';
import type { Readiness } from './readiness.ts';
import { addressOf, parseBearerToken, readJsonBody, receiveBody } from './request-body.ts';
import {
  observeRequests,
  type DescribeEnd,
  type RequestEnv,
  type RequestObserver,
} from './request-log.ts';

/** What the listeners for launches and for lookups have in common. */
export type AppDependencies = {
  readonly observer: RequestObserver;
  readonly observeCut: ObserveCut;
  readonly guard: Guard;
  readonly timeoutMs: number;
  readonly stopping: AbortSignal;
};

export function createLaunchApp(
  dependencies: AppDependencies & {
    readonly readLaunchValues: ReadLaunchValues;
    /** Throws `invalid_token`. */
    readonly parseToken: (written: string | undefined) => LaunchToken;
  },
): Hono<RequestEnv> {
  const { readLaunchValues, parseToken, guard } = dependencies;
  const keepDeadline = createDeadline(dependencies);
  const { room, bodies } = createRooms(dependencies);
  const route = '/v1/secret';
  const app = createApp(dependencies, route, describeDecision);
  app.post(route, async (c) => {
    // Nothing is received of who shows no token that can be ours.
    const token = parseToken(parseBearerToken(c.req.header('authorization')));
    await receiveBody(c, bodies);
    const address = addressOf(c);
    const answer = (values: SelectedValues) => makeAnswerText(c, room, toContent(values));
    const text = await withSlot(guard, address, () => {
      const body = readJsonBody(c, launchRequestLimits);
      return keepDeadline(c.env.outgoing, (signal) =>
        readLaunchValues({ token, body, address }, { signal, note: c.get('note'), answer }),
      );
    });
    c.header('Cache-Control', 'no-store');
    return sendJson(c, text);
  });
  return app;
}

export function createLookupApp(
  dependencies: AppDependencies & { readonly answerKyverno: AnswerKyverno },
): Hono<RequestEnv> {
  const { answerKyverno, guard } = dependencies;
  const keepDeadline = createDeadline(dependencies);
  const { room, bodies } = createRooms(dependencies);
  const route = '/kyverno/v1/images';
  const app = createApp(dependencies, route);
  app.post(route, async (c) => {
    await receiveBody(c, bodies);
    const question = answerKyverno(readJsonBody(c, sealedMessageLimits), c.get('note'));
    try {
      const answer = await withSlot(guard, addressOf(c), () =>
        keepDeadline(c.env.outgoing, question.answer),
      );
      return sendJson(
        c,
        makeAnswerText(c, room, { leastBytes: 0, write: () => JSON.stringify(answer) }),
      );
    } catch (error) {
      // Of an answer that is not sealed, the author of the Pod would read only that.
      c.set('told', error);
      return c.json(question.refuse(error));
    }
  });
  return app;
}

const MAX_PATH_TOLD = 100;

/** Of all clients together; a scrape waits for ten seconds, a probe for one. */
const METRICS_PACE = { perSecond: 10, burst: 40, waitMs: 1_000 };
const PROBE_PACE = { perSecond: 200, burst: 400, waitMs: 200 };

export function createOperationsApp({
  metrics,
  readiness,
  now,
}: {
  readonly metrics: Pick<Metrics, 'render'>;
  readonly readiness: Readiness;
  /** In milliseconds, of a clock that does not go back. */
  readonly now: () => number;
}): Hono<RequestEnv> {
  const app = new Hono<RequestEnv>();
  const readMetrics = createMetricsPage(metrics.render, now);
  app.onError((error, c) => c.json(toErrorResponse(error).body, toErrorResponse(error).status));
  app.use('/metrics', keepPace(METRICS_PACE, now));
  app.use('/*', keepPace(PROBE_PACE, now));
  app.get('/healthz', (c) => c.json({ healthy: true }));
  app.get('/readyz', (c) => {
    const obstacles = readiness.obstacles();
    const warnings = readiness.warnings();
    const detail = { ready: obstacles.length === 0, obstacles };
    const body = warnings.length === 0 ? detail : { ...detail, warnings };
    return c.json(body, detail.ready ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    const { text, contentType } = await readMetrics();
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
      `no route ${c.req.method} ${shorten(c.req.path)}; there is POST ${route}`,
    );
  });
  app.use(observeRequests(observer, route, describeEnd), admitHead(guard));
  return app;
}

/** For answers that are made and not sent yet, and for bodies that are being received. */
function createRooms({ observer, observeCut }: AppDependencies): {
  readonly room: AnswerRoom;
  readonly bodies: BodyRoom;
} {
  const observe = (reason: CutReason) => () => {
    observeCut(reason);
  };
  return {
    room: createAnswerRoom(MAX_BYTES_UNSENT_AT_ONCE, observer.now, observe('answer_gave_way')),
    bodies: createBodyRoom(MAX_BYTES_RECEIVED_AT_ONCE, observe('body_gave_way')),
  };
}

function sendJson(c: Context<RequestEnv>, text: string): Response {
  return c.body(text, 200, { 'Content-Type': 'application/json' });
}

/** For the log, which repeats it: anybody can send one of many kilobytes. */
function shorten(path: string): string {
  return path.length > MAX_PATH_TOLD ? `${path.slice(0, MAX_PATH_TOLD)}…` : path;
}

function admitHead(guard: Guard): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const admission = guard.arrive(addressOf(c));
    if (!admission.admitted) throw refused(admission);
    await next();
  };
}

/** For work on a request that is there as a whole: nobody holds a slot by sending slowly. */
async function withSlot<Result>(
  guard: Guard,
  address: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const admission = guard.enter(address);
  if (!admission.admitted) throw refused(admission);
  try {
    return await work();
  } finally {
    admission.leave();
  }
}

function refused({ reason, retryAfterSeconds }: Refusal): ProviderError {
  return new ProviderError('rate_limited', reason, { retryAfterSeconds });
}

function toContent(selected: SelectedValues): AnswerContent {
  const bytes = [...selected.values.values()].map((value) => value.byteLength());
  return {
    leastBytes: bytes.reduce((sum, each) => sum + each, 0),
    write: () => JSON.stringify(reveal(selected)),
  };
}

/** The one place where secret values become text. */
function reveal({ values, missing, hint }: SelectedValues) {
  const revealed = [...values].map(([key, value]) => [key, value.reveal()] as const);
  return { values: Object.fromEntries(revealed), missing, hint };
}
