// Decides which registries are asked through HTTPS_PROXY, by the rules that Go programs follow for NO_PROXY
// (https://pkg.go.dev/golang.org/x/net/http/httpproxy).

import { BlockList, isIP } from 'node:net';
import { literalAddress } from './addresses.ts';

/** True where the URL goes through the proxy. */
export type DecideProxied = (url: URL) => boolean;

type Exception = (host: { readonly name: string; readonly port: string }) => boolean;

/**
 * Each entry is `*`, a domain (which includes those below it), `.domain` (only those below it), an address or a network
 * such as 10.0.0.0/8; all but networks perhaps with `:port`. Addresses count where the reference is written with one:
 * names are not resolved for this. Plain HTTP goes to registries that the operator listed, so never through the proxy.
 */
export function createProxyDecision(noProxy: readonly string[]): DecideProxied {
  const exceptions = noProxy.map((entry) => parseException(entry.trim().toLowerCase()));
  return (url) => {
    const name = literalAddress(url) ?? url.hostname.replace(/\.$/, '');
    const host = { name, port: url.port === '' ? '443' : url.port };
    return url.protocol === 'https:' && !exceptions.some((isExcepted) => isExcepted(host));
  };
}

function parseException(entry: string): Exception {
  if (entry === '*') return () => true;
  const [network = '', prefix] = entry.split('/');
  if (prefix !== undefined) return inNetwork(network, Number(prefix));
  const { name, port } = splitPort(entry);
  const isExcepted = isIP(name) === 0 ? underDomain(name) : inNetwork(name, bitsOf(name));
  return (host) => (port === undefined || port === host.port) && isExcepted(host);
}

function splitPort(entry: string): { readonly name: string; readonly port: string | undefined } {
  // An IPv6 address is full of colons: only in brackets can it have a port.
  if (isIP(entry) === 6) return { name: entry, port: undefined };
  const [, name = entry, port] = /^(.*?)(?::(\d{1,5}))?$/s.exec(entry) ?? [];
  return { name: name.replace(/^\[(.*)\]$/s, '$1'), port };
}

function underDomain(written: string): Exception {
  const domain = written.replace(/^\*\./, '.');
  const suffix = domain.startsWith('.') ? domain : `.${domain}`;
  return ({ name }) => name === domain || name.endsWith(suffix);
}

/** What is no network excepts nothing. */
function inNetwork(network: string, prefix: number): Exception {
  const family = isIP(network);
  const isValid =
    family !== 0 && Number.isInteger(prefix) && prefix >= 0 && prefix <= bitsOf(network);
  if (!isValid) return () => false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return ({ name }) => isIP(name) !== 0 && list.check(name, isIP(name) === 4 ? 'ipv4' : 'ipv6');
}

function bitsOf(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}
