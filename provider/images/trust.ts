// Decides by the operator's settings how a host is connected to, and refuses those that lookups do not go to.

import { ProviderError } from '../errors.ts';
import { decideAddress, type AddressDecision, type Reach } from './addresses.ts';
import { matchesHostGlob } from './host-glob.ts';
import type { DecideProxied } from './proxy.ts';
import type { RegistrySettings } from './registry-settings.ts';

export type Trust = {
  readonly ca: string | undefined;
  readonly skipVerify: boolean;
  readonly loopbackAllowed: boolean;
  readonly reach: Reach;
  /** Of the proxy that makes the connection. */
  readonly proxy: string | undefined;
};

export type TrustQuestion = {
  readonly url: URL;
  readonly skipVerify: boolean;
  readonly reach: Reach;
};

export function selectTrust(
  { url, skipVerify, reach }: TrustQuestion,
  settings: RegistrySettings,
  decideProxied: DecideProxied,
): Trust {
  // A URL drops the port that goes without saying; the operator may have written it.
  const defaultPort = url.protocol === 'https:' ? '443' : '80';
  const names = [url.host, `${url.hostname}:${defaultPort}`].slice(0, url.port === '' ? 2 : 1);
  const { certificateAuthorities, skipVerifyHosts, loopbackHosts, privateHosts } = settings;
  const loopbackAllowed = names.some((name) => loopbackHosts.includes(name));
  const mayBePrivate = names.some((name) =>
    privateHosts.some((glob) => matchesHostGlob(glob, name)),
  );
  return {
    ca: names.map((name) => certificateAuthorities.get(name)).find((pem) => pem !== undefined),
    skipVerify: skipVerify && names.some((name) => skipVerifyHosts.includes(name)),
    loopbackAllowed,
    reach: reach === 'public' && mayBePrivate ? 'any' : reach,
    // The loopback that is meant is this one, not the proxy's.
    proxy: !loopbackAllowed && decideProxied(url) ? settings.proxy : undefined,
  };
}

/**
 * `private` where all addresses that may be reached are: what then answers is in private for certain, whatever the name
 * resolves to a moment later. Throws where none may be reached.
 */
export function narrowReach(url: URL, addresses: readonly string[], trust: Trust): Reach {
  const decisions = addresses.map((address) => decideAddress(address, trust));
  const allowed = decisions.filter((decision) => decision.allowed);
  if (allowed.length === 0) throw refusal(url, decisions);
  return allowed.every(({ isPrivate }) => isPrivate) ? 'private' : trust.reach;
}

/** A proxy resolves names itself, and is trusted to know which are not for others: only what means its own host is refused. */
export function checkProxiedName({ hostname }: URL): void {
  if (/(?:^|\.)localhost\.?$/.test(hostname)) throw refusedAddress();
}

function refusal({ host }: URL, decisions: readonly AddressDecision[]): ProviderError {
  const reasons = decisions.map((decision) => (decision.allowed ? undefined : decision.reason));
  if (reasons.includes('private')) return sentInside(host);
  return reasons.includes('public') ? changedAddress() : refusedAddress();
}

function refusedAddress(): ProviderError {
  return new ProviderError(
    'registry_not_allowed',
    'it is, or sends on to, a loopback, link-local or metadata address, where lookups do not go; ' +
      'use another registry, have a loopback one listed in PIGGY_REGISTRY_LOOPBACK_HOSTS, or set command',
  );
}

function sentInside(host: string): ProviderError {
  return new ProviderError(
    'registry_not_allowed',
    `sends on to ${host}, which has a private address while the registry has not; ` +
      'use another registry, have that host listed in PIGGY_REGISTRY_PRIVATE_HOSTS, or set command',
  );
}

/** A registry token that was got in private is not taken to wherever the name leads next. */
function changedAddress(): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    'moved from a private address to a public one while it was asked; try again later, or set command',
  );
}
