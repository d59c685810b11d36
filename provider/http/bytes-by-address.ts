// Counts the bytes that are held for clients, by the address of each, and knows who holds most.

export type Held = { readonly address: string; bytes: number };

export type BytesByAddress<Item extends Held> = {
  readonly add: (item: Item) => void;
  /** False where it is not there any more. */
  readonly grow: (item: Item, bytes: number) => boolean;
  readonly remove: (item: Item) => void;
  readonly total: () => number;
  readonly of: (address: string) => number;
  /** Of the address that has most: how much it has, and what it holds for longest. */
  readonly most: () => { readonly bytes: number; readonly first: Item } | undefined;
};

type Items<Item> = { readonly inOrder: Set<Item>; bytes: number };

export function createBytesByAddress<Item extends Held>(): BytesByAddress<Item> {
  const byAddress = new Map<string, Items<Item>>();
  let total = 0;

  function count(items: Items<Item>, bytes: number): void {
    items.bytes += bytes;
    total += bytes;
  }

  return {
    add: (item) => {
      const items = byAddress.get(item.address) ?? { inOrder: new Set<Item>(), bytes: 0 };
      byAddress.set(item.address, items);
      items.inOrder.add(item);
      count(items, item.bytes);
    },
    grow: (item, bytes) => {
      const items = byAddress.get(item.address);
      if (items?.inOrder.has(item) !== true) return false;
      item.bytes += bytes;
      count(items, bytes);
      return true;
    },
    remove: (item) => {
      const items = byAddress.get(item.address);
      if (items?.inOrder.delete(item) !== true) return;
      count(items, -item.bytes);
      if (items.inOrder.size === 0) byAddress.delete(item.address);
    },
    total: () => total,
    of: (address) => byAddress.get(address)?.bytes ?? 0,
    most: () => {
      const { inOrder, bytes } = selectMost(byAddress.values()) ?? { inOrder: [], bytes: 0 };
      const [first] = inOrder;
      return first === undefined ? undefined : { bytes, first };
    },
  };
}

function selectMost<Item>(all: Iterable<Items<Item>>): Items<Item> | undefined {
  let most: Items<Item> | undefined;
  for (const items of all) if (most === undefined || items.bytes > most.bytes) most = items;
  return most;
}
