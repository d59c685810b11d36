import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { createAuthority, issueServingCertificate, type Validity } from './certificates.ts';

const DAY_MS = 86_400_000;
const validity = (fromDays: number, toDays: number): Validity => ({
  notBefore: new Date(Date.now() + fromDays * DAY_MS),
  notAfter: new Date(Date.now() + toDays * DAY_MS),
});
const names = { dnsNames: ['piggy.piggy-system.svc'], ipAddresses: ['127.0.0.1'] };

const authority = await createAuthority('piggy', validity(-1, 3650));
const stranger = await createAuthority('piggy', validity(-1, 3650));
const serving = await issueServingCertificate(authority, names, validity(-1, 90));

test('the authority is a CA that signs no further authorities', () => {
  const certificate = new X509Certificate(authority.certificate);
  assert.ok(certificate.ca);
  assert.ok(certificate.checkIssued(certificate));
  assert.match(certificate.subject, /CN=piggy/);
});

test('a serving certificate is signed by its authority, is no CA and holds for its names only', () => {
  const certificate = new X509Certificate(serving.certificate);
  const { publicKey } = new X509Certificate(authority.certificate);
  assert.ok(certificate.verify(publicKey));
  assert.equal(certificate.verify(new X509Certificate(stranger.certificate).publicKey), false);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.subjectAltName, 'DNS:piggy.piggy-system.svc, IP Address:127.0.0.1');
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('a certificate carries the validity asked for', () => {
  const { validFromDate, validToDate } = new X509Certificate(serving.certificate);
  const days = (validToDate.getTime() - validFromDate.getTime()) / DAY_MS;
  assert.ok(Math.abs(days - 91) < 0.001, `${days} days`);
});

/** Connects to a server with the given certificate, as a client that trusts `ca` and nothing else. */
async function handshake(
  { certificate, privateKey }: { certificate: string; privateKey: string },
  ca: string,
  servername?: string,
): Promise<string> {
  const server = createServer({ cert: certificate, key: privateKey }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', ca, ...(servername ? { servername } : {}) });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol() ?? '';
  } finally {
    socket.destroy();
    server.close();
  }
}

test('a TLS client that trusts the authority connects', async () => {
  assert.equal(await handshake(serving, authority.certificate), 'TLSv1.3');
  assert.equal(await handshake(serving, authority.certificate, names.dnsNames[0]), 'TLSv1.3');
});

const expired = await issueServingCertificate(authority, names, validity(-2, -1));

const refusals: Record<string, [Parameters<typeof handshake>, code: string]> = {
  'a client that trusts another authority of the same name refuses': [
    [serving, stranger.certificate],
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  'a client that asks for another name refuses': [
    [serving, authority.certificate, 'other.example'],
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  'a client refuses an expired certificate': [[expired, authority.certificate], 'CERT_HAS_EXPIRED'],
};

for (const [name, [args, code]] of Object.entries(refusals)) {
  test(name, async () => {
    await assert.rejects(handshake(...args), { code });
  });
}
