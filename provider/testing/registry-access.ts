// Whom the stand-in registry lets in: everybody, who knows a password, who brings a token for the repository.

import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

export type RegistryAccess =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      /** Everybody needs a token. Without `username` everybody gets one. */
      readonly kind: 'bearer';
      readonly username?: string;
      readonly password?: string;
      readonly identityToken?: string;
      readonly expiresInSeconds?: number;
    };

export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** Answers in place of the registry when it returns true. */
export type Disturbance = (request: RecordedRequest, response: ServerResponse) => boolean;

export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** `origin` of the registry itself, where its tokens are given. */
export function createGuard(access: RegistryAccess, origin: () => string): Disturbance {
  switch (access.kind) {
    case 'anonymous':
      return () => false;
    case 'basic':
      return (request, response) => {
        if (request.authorization === basic(access)) return false;
        refuse(response, 'Basic realm="registry"');
        return true;
      };
    case 'bearer':
      return createTokenGuard(access, origin);
  }
}

export function writeAnswer(
  response: ServerResponse,
  { status, headers = {}, body = '' }: Answer,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

export function errorAnswer(status: number, code: string): Answer {
  return { status, body: JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }) };
}

type BearerAccess = RegistryAccess & { readonly kind: 'bearer' };

function createTokenGuard(access: BearerAccess, origin: () => string): Disturbance {
  const tokens = new Map<string, { scope: string; expiresAt: number }>();
  const lifetimeSeconds = access.expiresInSeconds ?? 300;
  return (request, response) => {
    if (request.path.startsWith('/token')) {
      const token = randomUUID();
      const scope = readScope(request, access);
      if (scope === undefined) {
        writeAnswer(response, errorAnswer(401, 'UNAUTHORIZED'));
      } else {
        tokens.set(token, { scope, expiresAt: Date.now() + lifetimeSeconds * 1000 });
        const body = JSON.stringify({ token, expires_in: lifetimeSeconds });
        writeAnswer(response, { status: 200, body });
      }
      return true;
    }
    const [, repository = ''] = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(request.path) ?? [];
    const scope = `repository:${repository}:pull`;
    const token = tokens.get(request.authorization?.replace(/^Bearer /, '') ?? '');
    if (token?.scope === scope && token.expiresAt > Date.now()) return false;
    refuse(response, `Bearer realm="${origin()}/token",service="test",scope="${scope}"`);
    return true;
  };
}

/** What a token is asked for; undefined when the one who asks is not known. */
function readScope(request: RecordedRequest, access: BearerAccess): string | undefined {
  if (request.method === 'POST') {
    const form = new URLSearchParams(request.body);
    const isKnown =
      access.identityToken !== undefined &&
      form.get('grant_type') === 'refresh_token' &&
      form.get('refresh_token') === access.identityToken;
    return isKnown ? (form.get('scope') ?? '') : undefined;
  }
  const isKnown = access.username === undefined || request.authorization === basic(access);
  const question = new URL(request.path, 'http://registry').searchParams;
  return isKnown ? (question.get('scope') ?? '') : undefined;
}

function refuse(response: ServerResponse, challenge: string): void {
  const headers = { 'www-authenticate': challenge };
  writeAnswer(response, { ...errorAnswer(401, 'UNAUTHORIZED'), headers });
}

function basic({ username = '', password = '' }: { username?: string; password?: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
