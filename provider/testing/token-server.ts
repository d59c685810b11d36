// Gives registry tokens that docker-registry accepts: JSON Web Tokens, signed by a key that its settings trust
// (https://distribution.github.io/distribution/spec/auth/jwt/).

import { createSign, randomUUID, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestAuthority } from './certificates.ts';

export type TokenServer = Awaited<ReturnType<typeof startTokenServer>>;

export const TOKEN_ISSUER = 'piggy-test';
export const TOKEN_SERVICE = 'piggy-registry';

/** Tokens are given to this user alone. */
export async function startTokenServer(user: { readonly name: string; readonly password: string }) {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue();
  const allowed = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  const scopes: string[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    const scope = new URL(url, 'http://token').searchParams.get('scope') ?? '';
    scopes.push(scope);
    const isAllowed = headers.authorization === allowed;
    response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' });
    const token = isAllowed ? signToken({ scope, user: user.name, certificate, privateKey }) : '';
    response.end(JSON.stringify(isAllowed ? { token, expires_in: 300 } : {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** PEM that the registry is to trust. */
    authority: authority.ca,
    /** What was asked for so far. */
    scopes,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Claims = {
  readonly scope: string;
  readonly user: string;
  readonly certificate: string;
  readonly privateKey: string;
};

function signToken({ scope, user, certificate, privateKey }: Claims): string {
  const seconds = Math.floor(Date.now() / 1000);
  const [, type = '', name = '', actions = ''] = /^(\w+):(.+):([\w,]+)$/.exec(scope) ?? [];
  const header = {
    typ: 'JWT',
    alg: 'ES256',
    x5c: [new X509Certificate(certificate).raw.toString('base64')],
  };
  const payload = {
    iss: TOKEN_ISSUER,
    aud: TOKEN_SERVICE,
    sub: user,
    iat: seconds,
    nbf: seconds - 60,
    exp: seconds + 300,
    jti: randomUUID(),
    access: type === '' ? [] : [{ type, name, actions: actions.split(',') }],
  };
  const text = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = createSign('sha256')
    .update(text)
    .sign({ key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
