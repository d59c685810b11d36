// Makes the text of an answer that can be large, and holds room for it until the client has it or is gone.

import type { Context } from 'hono';
import { ProviderError } from '../errors.ts';
import type { AnswerRoom } from './answer-room.ts';
import { addressOf } from './request-body.ts';
import type { RequestEnv } from './request-log.ts';

/** Throws `rate_limited` where too much is unsent already. */
export function makeAnswerText(c: Context<RequestEnv>, room: AnswerRoom, content: object): string {
  const text = JSON.stringify(content);
  const { incoming, outgoing } = c.env;
  // Nobody waits for it any more, and nothing would tell when it may leave the room.
  if (outgoing.closed) return text;
  const share = room.enter({
    address: addressOf(c),
    bytes: Buffer.byteLength(text),
    giveWay: () => {
      incoming.socket.destroy();
    },
  });
  if (share === undefined) throw noRoom();
  outgoing.once('close', share.leave);
  return text;
}

function noRoom(): ProviderError {
  const message = 'the provider has too many answers that are not read yet; try again';
  return new ProviderError('rate_limited', message, { retryAfterSeconds: 1 });
}
