// Keeps one client of an AWS service per region, and the number of them bounded.

import { LRUCache } from 'lru-cache';

// More than AWS has regions: a region comes from an annotation and need not exist.
const MAX_REGIONS = 100;

export function createRegionalClients<T extends { readonly destroy: () => void }>(
  create: (region: string) => T,
): (region: string) => T {
  const clients = new LRUCache<string, T>({
    max: MAX_REGIONS,
    dispose: (client) => {
      client.destroy();
    },
  });
  return (region) => {
    const client = clients.get(region) ?? create(region);
    clients.set(region, client);
    return client;
  };
}
