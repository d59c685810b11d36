// Decides which network addresses a lookup may reach. Pods' authors choose the registry and registries choose
// realms and redirects, so neither may point a lookup at the node, at cloud metadata or at the provider itself.

import { BlockList, isIP } from 'node:net';

export type AddressDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: 'loopback' | 'reserved' };

// 64:ff9b::/96 is how NAT64 writes IPv4 addresses; ::ffff:0:0/96 BlockList itself reads as IPv4.
const LOOPBACK = ['127.0.0.0/8', '::1/128', '64:ff9b::7f00:0/104'];

const REFUSED = [
  '0.0.0.0/8', // unspecified: reaches this very host
  '::/96', // unspecified, and the long deprecated way to write IPv4
  '::ffff:0:0:0/96', // IPv4 as translators write it
  '2002::/16', // IPv4 through 6to4, long out of use
  '64:ff9b::/104',
  '169.254.0.0/16', // link-local: metadata of AWS, Google Cloud, Azure; EKS Pod Identity; NodeLocal DNS
  '64:ff9b::a9fe:0/112',
  'fe80::/10',
  'fd00:ec2::/32', // AWS metadata and EKS Pod Identity
  'fd20:ce::254/128', // Google Cloud metadata
  '100.100.100.200/32', // Alibaba Cloud metadata
  '64:ff9b::6464:64c8/128',
  '168.63.129.16/32', // Azure wire server
  '192.0.0.192/32', // Oracle Cloud metadata
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
];

const loopback = createBlockList(LOOPBACK);
const refused = createBlockList(REFUSED);

/** Private addresses are allowed: that is where registries live. What is no address is refused. */
export function decideAddress(
  address: string,
  { loopbackAllowed }: { readonly loopbackAllowed: boolean },
): AddressDecision {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (loopback.check(address, family)) {
    return loopbackAllowed ? { allowed: true } : { allowed: false, reason: 'loopback' };
  }
  const isRefused = isIP(address) === 0 || refused.check(address, family);
  return isRefused ? { allowed: false, reason: 'reserved' } : { allowed: true };
}

/** The address that a URL's host is written as, without brackets; undefined when the host is a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}

/** Of a reference's registry, `host[:port]`: whether every machine takes it for itself (RFC 6761, section 6.3). */
export function meansOwnHost(registry: string): boolean {
  const url = URL.parse(`https://${registry}`);
  if (url === null) return false;
  const address = literalAddress(url);
  if (address === undefined) return /(?:^|\.)localhost\.?$/.test(url.hostname);
  const decision = decideAddress(address, { loopbackAllowed: false });
  const isLoopback = !decision.allowed && decision.reason === 'loopback';
  return isLoopback || address === '0.0.0.0' || address === '::';
}

function createBlockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix = ''] = subnet.split('/');
    list.addSubnet(network, Number(prefix), isIP(network) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
