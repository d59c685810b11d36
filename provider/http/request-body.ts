// Reads what a request brings: a JSON body of limited size and so many values, and a bearer token.

import type { Context } from 'hono';
import type { Readable } from 'node:stream';
import { ProviderError } from '../errors.ts';
import { type BodyLimits, findJsonExcess, type JsonExcess } from '../json-limits.ts';
import type { BodyRoom } from './body-room.ts';
import type { RequestEnv } from './request-log.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** Most bodies are smaller. */
const FIRST_BYTES = 1024;

/**
 * Returns when all of it is there; it is kept for readJsonBody. Throws `request_too_large`, `client_closed` where it breaks off,
 * comes too slowly or is malformed, and `rate_limited` where it had to give way to others.
 */
export async function receiveBody(c: Context<RequestEnv>, room: BodyRoom): Promise<void> {
  const length = c.req.header('content-length');
  if (length !== undefined && !(Number(length) <= MAX_BODY_BYTES)) throw tooLarge();
  const enter: Enter = (giveWay) => room.enter(addressOf(c), giveWay);
  c.set('body', await collect(c.env.incoming, Number(length), enter));
}

export function addressOf(c: Context<RequestEnv>): string {
  return c.env.incoming.socket.remoteAddress ?? 'unknown';
}

type Enter = (giveWay: () => void) => ReturnType<BodyRoom['enter']>;

const decoder = new TextDecoder();
const NOTHING = Buffer.alloc(0);

/**
 * Into one buffer: as many pieces as the client likes would cost more than the bytes in them. `length` is NaN where the client does
 * not say it.
 */
function collect(incoming: Readable, length: number, enter: Enter): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let whole: string | undefined;
  let buffer: Buffer = NOTHING;
  let size = 0;
  let share: ReturnType<Enter> | undefined;
  const onData = (chunk: Buffer) => {
    if (chunk.length === length) {
      whole = decoder.decode(chunk);
      return;
    }
    if (size + chunk.length > MAX_BODY_BYTES) {
      reject(tooLarge());
      return;
    }
    const before = buffer.length;
    buffer = withRoom(buffer, size, chunk.length);
    chunk.copy(buffer, size);
    size += chunk.length;
    share ??= enter(() => {
      reject(gaveWay());
    });
    if (buffer.length > before) share.grow(buffer.length - before);
  };
  const onEnd = () => {
    resolve(whole ?? decoder.decode(buffer.subarray(0, size)));
  };
  const onBroken = (cause?: unknown) => {
    // Each request is closed, one that was received too.
    if (!incoming.readableEnded) reject(brokeOff(cause));
  };
  const listeners = { data: onData, end: onEnd, error: onBroken, close: onBroken };
  for (const [event, react] of Object.entries(listeners)) incoming.on(event, react);
  if (incoming.destroyed) onBroken(incoming.errored);
  return promise.finally(() => {
    share?.leave();
    for (const [event, react] of Object.entries(listeners)) incoming.off(event, react);
    // One that nobody listens for would be thrown.
    incoming.on('error', ignore);
  });
}

const ignore = () => undefined;

/** The buffer, or a larger one with the same beginning. */
function withRoom(buffer: Buffer, size: number, more: number): Buffer {
  if (size + more <= buffer.length) return buffer;
  const doubled = Math.max(FIRST_BYTES, 2 * buffer.length, size + more);
  const larger = Buffer.allocUnsafeSlow(Math.min(doubled, MAX_BODY_BYTES));
  buffer.copy(larger, 0, 0, size);
  return larger;
}

function tooLarge(): ProviderError {
  const message = `the body is larger than ${MAX_BODY_BYTES} bytes`;
  return new ProviderError('request_too_large', message);
}

function brokeOff(cause: unknown): ProviderError {
  const message = 'the client went away, or was too slow, before its request was there';
  return new ProviderError('client_closed', message, { cause });
}

function gaveWay(): ProviderError {
  const message = 'the provider receives too many large requests at once; try again';
  return new ProviderError('rate_limited', message, { retryAfterSeconds: 1 });
}

/** Of a request that was received; to be called once. Throws `invalid_request`, and `request_too_large` before it is parsed. */
export function readJsonBody(c: Context<RequestEnv>, limits: BodyLimits): unknown {
  const contentType = c.req.header('content-type') ?? 'application/json';
  if (!/^application\/json\s*(?:;|$)/i.test(contentType)) {
    throw new ProviderError('invalid_request', 'the body must be application/json');
  }
  const text = c.get('body');
  // Nobody needs it while the request is in work, which can last.
  c.set('body', '');
  const excess = findJsonExcess(text, limits);
  if (excess !== undefined) throw holdsTooMuch(limits, excess);
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: it quotes the body.
    throw new ProviderError('invalid_request', 'the body is not JSON');
  }
}

function holdsTooMuch({ legal, ...limits }: BodyLimits, excess: JsonExcess): ProviderError {
  const what = excess === 'values' ? 'values' : 'levels of lists and objects';
  const message = `the body holds more than ${limits[excess]} ${what}: ${legal}`;
  return new ProviderError('request_too_large', message);
}

/** RFC 6750; `undefined` when there is none. */
export function parseBearerToken(authorization = ''): string | undefined {
  return /^Bearer +(?<token>[\w.~+/=-]+)$/i.exec(authorization)?.groups?.['token'];
}
