// Resolves the host names of lookups within a share of the threads that resolve names, which launches need too: getaddrinfo
// cannot be cancelled, so a name that never answers holds its thread for as long as the resolver's own patience lasts.

import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';
import { createSlots } from '../concurrency/slots.ts';
import { withTimeLimit } from '../concurrency/time-limit.ts';
import { untilAborted } from '../concurrency/until-aborted.ts';
import { createSingleFlight } from './single-flight.ts';

/** As getaddrinfo does it. */
export type ResolveHostName = (hostname: string) => Promise<readonly LookupAddress[]>;

export type HostNames = {
  /** Who is aborted leaves, in the queue too; the resolving goes on, and its slot stays taken, until it really ends. */
  readonly resolve: (
    hostname: string,
    who: { readonly namespace: string; readonly signal: AbortSignal },
  ) => Promise<readonly LookupAddress[]>;
  /** The last answer, without resolving; for the connection that is made right after `resolve`. */
  readonly latest: (hostname: string) => readonly LookupAddress[];
};

type HostNamesDependencies = {
  readonly resolve: ResolveHostName;
  readonly share: { readonly all: number; readonly perKey: number };
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

// One lookup asks a host several times. Longer would keep a registry from moving.
const FRESH_MS = 10_000;
const MAX_NAMES = 1_000;

export function createHostNames({ resolve, share, now }: HostNamesDependencies): HostNames {
  type Kept = { readonly addresses: readonly LookupAddress[]; readonly until: number };
  const kept = new LRUCache<string, Kept>({ max: MAX_NAMES });
  const running = createSingleFlight<readonly LookupAddress[]>();
  const slots = createSlots(share);

  const findFresh = (hostname: string) => {
    const found = kept.get(hostname);
    return found !== undefined && found.until > now() ? found.addresses : undefined;
  };
  const resolveAndKeep = async (hostname: string) => {
    const addresses = await resolve(hostname);
    kept.set(hostname, { addresses, until: now() + FRESH_MS });
    return addresses;
  };
  // Whoever waits for a slot may find, once there is one, that another one has asked meanwhile.
  const resolveOnce = async (hostname: string) =>
    findFresh(hostname) ?? (await running(hostname, () => resolveAndKeep(hostname)));

  return {
    resolve: async (hostname, { namespace, signal }) => {
      const known = findFresh(hostname);
      if (known !== undefined) return known;
      const inSlot = slots.run({ key: namespace, signal }, () => resolveOnce(hostname));
      return untilAborted(inSlot, signal);
    },
    latest: (hostname) => kept.get(hostname)?.addresses ?? [],
  };
}

/** For clients that resolve by themselves, with the share of one namespace among them all. */
export function createHostLookup(
  hostNames: HostNames,
  { namespace, timeoutMs }: { readonly namespace: string; readonly timeoutMs: number },
): LookupFunction {
  return (hostname, options, callback) => {
    withTimeLimit({ timeoutMs }, (signal) =>
      hostNames.resolve(hostname, { namespace, signal }),
    ).then(
      (addresses) => {
        tellAddresses(addresses, options, callback);
      },
      (error: unknown) => {
        callback(error as Error, '');
      },
    );
  };
}

/** As dns.lookup tells them. */
export function tellAddresses(
  addresses: readonly LookupAddress[],
  { all }: Pick<LookupOptions, 'all'>,
  callback: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (!first) callback(new Error('the name has no address'), '');
  else if (all) callback(null, [...addresses]);
  else callback(null, first.address, first.family);
}
