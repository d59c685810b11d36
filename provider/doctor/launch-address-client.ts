// Meets the provider at the address that launchers use, and trusts whom they trust.

import { connect, type TLSSocket } from 'node:tls';

export type AddressProbe =
  | { readonly trusted: true; readonly validFrom: Date; readonly expiry: Date }
  | { readonly trusted: false; readonly reason: string };

export type AddressQuestion = {
  readonly address: string;
  /** PEM; no other authority counts. */
  readonly ca: string;
  readonly timeoutMs: number;
};

/** Never throws. */
export function probeAddress({ address, ca, timeoutMs }: AddressQuestion): Promise<AddressProbe> {
  const { promise, resolve } = Promise.withResolvers<AddressProbe>();
  const fail = (reason: string) => {
    resolve({ trusted: false, reason });
  };
  const { hostname: servername, port } = new URL(address);
  const host = servername.replace(/^\[|\]$/g, '');
  const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  let socket: TLSSocket;
  try {
    socket = connect({ host, port: Number(port || 443), ca, ...name, timeout: timeoutMs });
  } catch (error) {
    return Promise.resolve({ trusted: false, reason: describe(error) });
  }
  socket.on('secureConnect', () => {
    const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
    resolve({ trusted: true, validFrom: new Date(from), expiry: new Date(to) });
    socket.destroy();
  });
  socket.on('timeout', () => {
    fail(`no answer within ${timeoutMs / 1000} s`);
    socket.destroy();
  });
  socket.on('error', (error) => {
    fail(describe(error));
  });
  return promise;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason given';
}
