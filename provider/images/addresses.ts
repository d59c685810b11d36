// Decides which network addresses a lookup may reach. Pods' authors choose the registry and registries choose
// realms and redirects, so neither may point a lookup at the node, at cloud metadata or at the provider itself; and what is
// in public must not send it into the private network.

import { BlockList, isIP } from 'node:net';

/**
 * `any`: what an author or the operator names, private ones included, since that is where registries live. `public`: where
 * something in public sends on to. `private`: what nobody in public may get.
 */
export type Reach = 'any' | 'public' | 'private';

export type AddressRules = { readonly loopbackAllowed: boolean; readonly reach: Reach };

export type AddressDecision =
  | { readonly allowed: true; readonly isPrivate: boolean }
  | {
      readonly allowed: false;
      readonly reason: 'loopback' | 'reserved' | 'private' | 'public';
    };

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

const REFUSED = [
  '0.0.0.0/8', // unspecified: reaches this very host
  '169.254.0.0/16', // link-local: metadata of AWS, Google Cloud, Azure; EKS Pod Identity; NodeLocal DNS
  'fe80::/10',
  'fd00:ec2::/32', // AWS metadata and EKS Pod Identity
  'fd20:ce::254/128', // Google Cloud metadata
  '100.100.100.200/32', // Alibaba Cloud metadata
  '168.63.129.16/32', // Azure wire server
  '192.0.0.192/32', // Oracle Cloud metadata
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
];

// Ways to write an IPv4 address as IPv6 that are refused whole: no registry has such an address, and where the IPv4 address
// stands in it cannot be told, or which host it reaches depends on routers that are not ours. Two ways are in use and read as
// the IPv4 address: ::ffff:0:0/96, which BlockList itself reads so, and 64:ff9b::/96 of NAT64. (ISATAP is a pattern below.)
const EMBEDDING = [
  '::/96', // IPv4-compatible, long deprecated; and unspecified
  '::ffff:0:0:0/96', // IPv4-translated (RFC 2765)
  '64:ff9b:1::/48', // NAT64 of a local network, at a place of its own choice (RFC 8215)
  '2001::/32', // Teredo
  '2002::/16', // 6to4
];

// Interface identifiers of ISATAP (RFC 5214), under whatever prefix: 0:5efe or 200:5efe, then the IPv4 address.
const ISATAP = /^(?:[\da-f]{4}:){4}0[02]00:5efe:/;

// What the registries of special-purpose addresses call not globally reachable
// (https://www.iana.org/assignments/iana-ipv4-special-registry/ and …/iana-ipv6-special-registry/).
const PRIVATE = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  'fc00::/7',
  'fec0::/10',
  '100::/64',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
];

const loopback = createBlockList(LOOPBACK);
const refused = createBlockList([...REFUSED, ...EMBEDDING]);
const inside = createBlockList(PRIVATE);

/** What is no address is refused. */
export function decideAddress(
  address: string,
  { loopbackAllowed, reach }: AddressRules,
): AddressDecision {
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (loopback.check(address, family)) {
    return loopbackAllowed ? decideReach(true, reach) : { allowed: false, reason: 'loopback' };
  }
  const isRefused = isIP(address) === 0 || refused.check(address, family) || isIsatap(address);
  if (isRefused) return { allowed: false, reason: 'reserved' };
  return decideReach(inside.check(address, family), reach);
}

function decideReach(isPrivate: boolean, reach: Reach): AddressDecision {
  if (isPrivate && reach === 'public') return { allowed: false, reason: 'private' };
  if (!isPrivate && reach === 'private') return { allowed: false, reason: 'public' };
  return { allowed: true, isPrivate };
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
  const decision = decideAddress(address, { loopbackAllowed: false, reach: 'any' });
  const isLoopback = !decision.allowed && decision.reason === 'loopback';
  return isLoopback || address === '0.0.0.0' || address === '::';
}

function isIsatap(address: string): boolean {
  return isIP(address) === 6 && ISATAP.test(writeOut(address));
}

/** All eight groups of an IPv6 address, each of four digits; the last two may be left as the IPv4 address that they are. */
function writeOut(address: string): string {
  const [before = '', after] = address.toLowerCase().replace(/%.*$/s, '').split('::');
  const [front, back] = [splitGroups(before), splitGroups(after ?? '')];
  const length = (groups: readonly string[]) =>
    groups.length + (groups.at(-1)?.includes('.') ? 1 : 0);
  const zeros = after === undefined ? 0 : Math.max(0, 8 - length(front) - length(back));
  return [...front, ...Array<string>(zeros).fill('0'), ...back]
    .map((group) => group.padStart(4, '0'))
    .join(':');
}

function splitGroups(text: string): readonly string[] {
  return text === '' ? [] : text.split(':');
}

/** IPv4 networks also as NAT64 writes them. */
function createBlockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix = ''] = subnet.split('/');
    const isIpv4 = isIP(network) === 4;
    list.addSubnet(network, Number(prefix), isIpv4 ? 'ipv4' : 'ipv6');
    if (isIpv4) list.addSubnet(`64:ff9b::${network}`, 96 + Number(prefix), 'ipv6');
  }
  return list;
}
