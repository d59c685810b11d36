// Bounds the bytes of the bodies that are being received on a listener, however many connections there are. Where they are too
// many, a body gives way: of the address that has most of them, the one that began first.

import { createBytesByAddress } from './bytes-by-address.ts';

export type BodyRoom = {
  /** `giveWay` is called once at most, and never after `leave`. */
  readonly enter: (address: string, giveWay: () => void) => BodyShare;
};

export type BodyShare = {
  /** By so many bytes; may call `giveWay` of any body, this one too. */
  readonly grow: (bytes: number) => void;
  readonly leave: () => void;
};

/** A hundred and more of the largest bodies; most are a thousandth of it, and there at once. */
export const MAX_BYTES_RECEIVED_AT_ONCE = 8_388_608;

type Body = { readonly address: string; readonly giveWay: () => void; bytes: number };

/** `observe` is called for each body that gives way. */
export function createBodyRoom(maxBytes: number, observe: () => void): BodyRoom {
  const held = createBytesByAddress<Body>();

  function makeRoom(): void {
    while (held.total() > maxBytes) {
      const first = held.most()?.first;
      if (first === undefined) return;
      held.remove(first);
      observe();
      first.giveWay();
    }
  }

  return {
    enter: (address, giveWay) => {
      const body: Body = { address, giveWay, bytes: 0 };
      held.add(body);
      return {
        grow: (bytes) => {
          if (held.grow(body, bytes)) makeRoom();
        },
        leave: () => {
          held.remove(body);
        },
      };
    },
  };
}
