// Makes the text of an answer that can be large, and holds room for it until the client has it or is gone.

import type { Context } from 'hono';
import { ProviderError } from '../errors.ts';
import type { AnswerRoom } from './answer-room.ts';
import { addressOf } from './request-body.ts';
import type { RequestEnv } from './request-log.ts';

export type AnswerContent = {
  /** Its text has as many, or more. */
  readonly leastBytes: number;
  readonly write: () => string;
};

/** Whose text may be written before it is known whether there is room for it. */
const SMALL_BYTES = 65_536;

/** Throws `rate_limited` where too much is unsent already; what there is surely no room for is not written. */
export function makeAnswerText(
  c: Context<RequestEnv>,
  room: AnswerRoom,
  { leastBytes, write }: AnswerContent,
): string {
  const { incoming, outgoing } = c.env;
  const enter = (bytes: number) => {
    const giveWay = () => void incoming.socket.destroy();
    const share = room.enter({ address: addressOf(c), bytes, giveWay });
    if (share === undefined) throw noRoom();
    return share;
  };
  if (leastBytes > SMALL_BYTES) enter(leastBytes).leave();
  const text = write();
  // Nobody waits for it any more, and nothing would tell when it may leave the room.
  if (!outgoing.closed) outgoing.once('close', enter(Buffer.byteLength(text)).leave);
  return text;
}

function noRoom(): ProviderError {
  const message = 'the provider has too many answers that are not read yet; try again';
  return new ProviderError('rate_limited', message, { retryAfterSeconds: 1 });
}
