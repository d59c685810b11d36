// Bounds the bytes of the answers that are made and not sent yet, however many clients read slowly. Where they are too many for one
// more, others give way: one of an address that has more of them than the new one's, and any that is not read for long. Where
// nobody does, the new one is not made.

import { createBytesByAddress } from './bytes-by-address.ts';

export type AnswerRoom = {
  /** `undefined` where there is none. `giveWay` is called once at most, and never after `leave`. */
  readonly enter: (answer: UnsentAnswer) => AnswerShare | undefined;
};

export type UnsentAnswer = {
  readonly address: string;
  readonly bytes: number;
  readonly giveWay: () => void;
};

export type AnswerShare = { readonly leave: () => void };

/**
 * Eight of the largest that have no characters to escape; each byte is held some three times while it is sent. Most answers are
 * a thousandth of it, and the kernel takes them at once.
 */
export const MAX_BYTES_UNSENT_AT_ONCE = 8_388_608;
/** A client that wants its answer has it by then. */
const SLOW_MS = 1_000;

type Unsent = UnsentAnswer & { bytes: number; readonly sinceMs: number };

/** `now` in milliseconds, of a clock that does not go back. `observe` is called for each answer that gives way. */
export function createAnswerRoom(
  maxBytes: number,
  now: () => number,
  observe: () => void,
): AnswerRoom {
  const held = createBytesByAddress<Unsent>();
  const inOrder = new Set<Unsent>();

  function leave(answer: Unsent): void {
    held.remove(answer);
    inOrder.delete(answer);
  }

  function selectWhoGivesWay({ address, bytes }: UnsentAnswer): Unsent | undefined {
    const most = held.most();
    if (most !== undefined && most.bytes > held.of(address) + bytes) return most.first;
    const [oldest] = inOrder;
    return oldest !== undefined && now() - oldest.sinceMs >= SLOW_MS ? oldest : undefined;
  }

  return {
    enter: (asked) => {
      while (held.total() + asked.bytes > maxBytes) {
        const other = selectWhoGivesWay(asked);
        if (other === undefined) return undefined;
        leave(other);
        observe();
        other.giveWay();
      }
      const answer: Unsent = { ...asked, sinceMs: now() };
      held.add(answer);
      inOrder.add(answer);
      return {
        leave: () => {
          leave(answer);
        },
      };
    },
  };
}
