// Bounds the bytes of the bodies that are being received on a listener, however many connections there are. Where they are too
// many, a body gives way: of the address that has most of them, the one that began first.

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
type Bodies = { readonly inOrder: Set<Body>; bytes: number };

export function createBodyRoom(maxBytes: number): BodyRoom {
  const byAddress = new Map<string, Bodies>();
  let total = 0;

  function leave(body: Body): void {
    const bodies = byAddress.get(body.address);
    if (bodies?.inOrder.delete(body) !== true) return;
    bodies.bytes -= body.bytes;
    total -= body.bytes;
    if (bodies.inOrder.size === 0) byAddress.delete(body.address);
  }

  function makeRoom(): void {
    while (total > maxBytes) {
      const [first] = selectMost(byAddress.values())?.inOrder ?? [];
      if (first === undefined) return;
      leave(first);
      first.giveWay();
    }
  }

  return {
    enter: (address, giveWay) => {
      const body: Body = { address, giveWay, bytes: 0 };
      const bodies = byAddress.get(address) ?? { inOrder: new Set<Body>(), bytes: 0 };
      bodies.inOrder.add(body);
      byAddress.set(address, bodies);
      return {
        grow: (bytes) => {
          if (!bodies.inOrder.has(body)) return;
          body.bytes += bytes;
          bodies.bytes += bytes;
          total += bytes;
          makeRoom();
        },
        leave: () => {
          leave(body);
        },
      };
    },
  };
}

function selectMost(all: Iterable<Bodies>): Bodies | undefined {
  let most: Bodies | undefined;
  for (const bodies of all) if (most === undefined || bodies.bytes > most.bytes) most = bodies;
  return most;
}
