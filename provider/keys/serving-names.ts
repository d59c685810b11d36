// The names that the serving certificate must hold for: all by which a launcher may have been told to find the provider.

import { isIP } from 'node:net';
import type { ServingNames } from './certificates.ts';

export type NamedProvider = {
  readonly serviceName: string;
  readonly namespace: string;
  /** URL of the provider; its host need not be a name of the Service. */
  readonly address: string | undefined;
  readonly certificateNames: readonly string[];
};

export function selectServingNames({
  serviceName,
  namespace,
  address,
  certificateNames,
}: NamedProvider): ServingNames {
  const service = `${serviceName}.${namespace}.svc`;
  const hosts = [
    service,
    `${service}.cluster.local`,
    `${serviceName}.${namespace}`,
    serviceName,
    ...(address === undefined ? [] : [new URL(address).hostname.replace(/^\[|\]$/g, '')]),
    ...certificateNames,
  ];
  const names = [...new Set(hosts)];
  return {
    dnsNames: names.filter((name) => isIP(name) === 0),
    ipAddresses: names.filter((name) => isIP(name) !== 0),
  };
}
