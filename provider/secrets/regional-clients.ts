// Keeps one client of an AWS service per region and role, and the number of them bounded.

import { LRUCache } from 'lru-cache';
import { roleKey, type AssumedRole } from './assumed-role.ts';

// A region comes from an annotation and need not exist; a role has a session for each service account.
const MAX_CLIENTS = 500;

export function createRegionalClients<T extends { readonly destroy: () => void }>(
  create: (region: string, role: AssumedRole | undefined) => T,
): (region: string, role?: AssumedRole) => T {
  const clients = new LRUCache<string, T>({
    max: MAX_CLIENTS,
    dispose: (client) => {
      client.destroy();
    },
  });
  return (region, role) => {
    const key = `${region} ${roleKey(role)}`;
    const client = clients.get(key) ?? create(region, role);
    clients.set(key, client);
    return client;
  };
}
