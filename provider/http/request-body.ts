// Reads what a request brings: a JSON body of limited size, and a bearer token.

import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ProviderError } from '../errors.ts';
import type { RequestEnv } from './request-log.ts';

const MAX_BODY_BYTES = 64 * 1024;

export function limitBody(): MiddlewareHandler<RequestEnv> {
  const limitStream = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseBody });
  return async (c, next) => {
    const length = c.req.header('content-length');
    // A stream of unknown length is counted while it is read. Node holds a body to the length that it announces, and
    // so it can be read at once, which costs a third of what a stream does.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) {
      return limitStream(c, next);
    }
    if (!(Number(length) <= MAX_BODY_BYTES)) refuseBody();
    await next();
    return undefined;
  };
}

function refuseBody(): never {
  const message = `the body is larger than ${MAX_BODY_BYTES} bytes`;
  throw new ProviderError('request_too_large', message);
}

/** Returns when all of it is there; it is kept for whoever reads it then. Throws `client_closed` where it breaks off. */
export async function receiveBody(c: Context<RequestEnv>): Promise<void> {
  try {
    await c.req.text();
  } catch (error) {
    // Of limitBody, which answers for it.
    if (error instanceof ProviderError || (error as Error).name === 'BodyLimitError') throw error;
    const message = 'the client went away, or was too slow, before its request was there';
    throw new ProviderError('client_closed', message, { cause: error });
  }
}

/** Throws `invalid_request`. */
export async function readJsonBody(c: Context<RequestEnv>): Promise<unknown> {
  const contentType = c.req.header('content-type') ?? 'application/json';
  if (!/^application\/json\s*(?:;|$)/i.test(contentType)) {
    throw new ProviderError('invalid_request', 'the body must be application/json');
  }
  const text = await c.req.text();
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: it quotes the body.
    throw new ProviderError('invalid_request', 'the body is not JSON');
  }
}

/** RFC 6750; `undefined` when there is none. */
export function parseBearerToken(authorization = ''): string | undefined {
  return /^Bearer +(?<token>[\w.~+/=-]+)$/i.exec(authorization)?.groups?.['token'];
}
