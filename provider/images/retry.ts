// Decides what is asked again: answers and connections that another try is likely to mend, within the deadline.

import { setTimeout as sleep } from 'node:timers/promises';
import { ProviderError } from '../errors.ts';
import { PER_REQUEST } from './lookup-budget.ts';
import type { OutboundAnswer, OutboundRequest, SendOutbound } from './outbound-client.ts';

const FIRST_PAUSE_MS = 100;
// Who asks for more patience than this gets it from whoever creates the Pod again.
const LONGEST_PAUSE_MS = 2_000;
// A day: whoever says more has not thought of whoever waits.
const MAX_SECONDS = 86_400;

const RETRIED_STATUS = new Set([408, 429, 499, 500, 502, 503, 504, 522]);
const RETRIED_CAUSE = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** After the last try the answer is returned, or the failure thrown, as it is. */
export function withRetries(send: SendOutbound, random: () => number): SendOutbound {
  return async (request, signal) => {
    for (let tried = 1; ; tried += 1) {
      const outcome = await attempt(send, request, signal);
      const pauseMs = decidePauseMs(outcome, tried, random());
      if (pauseMs === undefined || signal.aborted) return conclude(outcome);
      try {
        await sleep(pauseMs, undefined, { signal });
      } catch {
        // The deadline came during the pause: what the registry said last tells more than that.
        return conclude(outcome);
      }
    }
  };
}

/** Seconds to wait as the registry says, in either form of the header; undefined when it does not. */
export function readRetryAfterSeconds(
  answer: Pick<OutboundAnswer, 'headers'>,
  now = Date.now(),
): number | undefined {
  const header = answer.headers['retry-after'];
  if (typeof header !== 'string') return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (parseHttpDate(header) - now) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(0, Math.ceil(seconds)), MAX_SECONDS);
}

/** NaN for what is none (RFC 9110 section 5.6.7): JavaScript itself takes even `-5` for a date. */
function parseHttpDate(text: string): number {
  const isHttpDate = text.length <= 40 && /^[A-Z][a-z]+,? [\w: -]+$/.test(text);
  return isHttpDate ? Date.parse(text) : NaN;
}

type Outcome = { readonly answer: OutboundAnswer } | { readonly error: unknown };

async function attempt(
  send: SendOutbound,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return { answer: await send(request, signal) };
  } catch (error) {
    return { error };
  }
}

function conclude(outcome: Outcome): OutboundAnswer {
  if ('answer' in outcome) return outcome.answer;
  throw outcome.error;
}

function decidePauseMs(outcome: Outcome, tried: number, luck: number): number | undefined {
  const asked = 'answer' in outcome ? readRetryAfterSeconds(outcome.answer) : undefined;
  const pauseMs =
    asked === undefined ? FIRST_PAUSE_MS * 2 ** (tried - 1) * (0.5 + luck) : asked * 1000;
  const isWorthIt = tried < PER_REQUEST.tries && pauseMs <= LONGEST_PAUSE_MS && isPassing(outcome);
  return isWorthIt ? pauseMs : undefined;
}

function isPassing(outcome: Outcome): boolean {
  if ('answer' in outcome) return RETRIED_STATUS.has(outcome.answer.status);
  const cause = outcome.error instanceof ProviderError ? outcome.error.cause : undefined;
  return cause instanceof Error && 'code' in cause && RETRIED_CAUSE.has(String(cause.code));
}
