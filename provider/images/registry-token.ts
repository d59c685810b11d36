// Exchanges a credential for a registry token, and keeps the token while it is valid
// (https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/).

import { LRUCache } from 'lru-cache';
import { ProviderError } from '../errors.ts';
import type { Reach } from './addresses.ts';
import type { BearerChallenge } from './challenge.ts';
import { basicAuthorization, credentialKey, type Credential } from './credential.ts';
import { PER_REQUEST } from './lookup-budget.ts';
import type { OutboundAnswer, OutboundRequest, SendOutbound } from './outbound-client.ts';
import type { Asker } from './question-budget.ts';
import { parseJsonObject } from './registry-json.ts';

export type TokenQuestion = {
  readonly challenge: BearerChallenge;
  readonly credential: Credential;
  /** `https:`, unless the registry itself is spoken to over plain HTTP. */
  readonly registryProtocol: string;
  readonly skipVerify: boolean;
  /** A token that the registry has just refused is not offered again. */
  readonly fresh: boolean;
  /** Where the challenge came from; the token is for it alone. */
  readonly registry: string;
  /** Where the token server may be. */
  readonly reach: Reach;
  readonly asker: Asker;
};

/** The token, or the status with which it was refused for this credential. */
export type TokenAnswer = { readonly token: string } | { readonly refusedWith: number };

export type ReadToken = (question: TokenQuestion, signal: AbortSignal) => Promise<TokenAnswer>;

const DEFAULT_LIFETIME_SECONDS = 60;
const EARLY_SECONDS = 10;

// Longer ones would fit into no header, and many of them into no memory.
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

export function createTokenReader(send: SendOutbound, now: () => number): ReadToken {
  const kept = new LRUCache<string, { token: string; validUntil: number }>({ max: 1_000 });
  return async (question, signal) => {
    const { registry, challenge, credential, reach } = question;
    // Two registries may name one realm: what one of them gets is not the other's.
    const key = JSON.stringify([registry, reach, challenge, credentialKey(credential)]);
    const known = question.fresh ? undefined : kept.get(key);
    if (known && known.validUntil > now()) return { token: known.token };
    const answer = await exchange(send, question, signal);
    if (answer.status !== 200) return { refusedWith: refusal(answer) };
    const { token, lifetimeSeconds } = parseTokenAnswer(answer.body);
    kept.set(key, { token, validUntil: now() + (lifetimeSeconds - EARLY_SECONDS) * 1000 });
    return { token };
  };
}

/** Not every token server knows identity tokens, and how they refuse them differs. */
async function exchange(
  send: SendOutbound,
  question: TokenQuestion,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const answer = await send(buildRequest(question), signal);
  const { credential } = question;
  const isRefused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  if (credential.kind !== 'identityToken' || !isRefused) return answer;
  return send(buildRequest({ ...question, credential: credential.fallback }), signal);
}

function buildRequest(question: TokenQuestion): OutboundRequest {
  const { challenge, credential, skipVerify, reach, asker } = question;
  const realm = parseRealm(question);
  const parameters = Object.entries({ service: challenge.service, scope: challenge.scope });
  const base = { url: realm, skipVerify, maxBytes: PER_REQUEST.tokenBytes, reach, asker };
  if (credential.kind === 'identityToken') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'piggy',
      refresh_token: credential.identityToken,
    });
    for (const [name, value] of parameters) if (value !== undefined) form.set(name, value);
    return { ...base, headers: {}, form };
  }
  for (const [name, value] of parameters)
    if (value !== undefined) realm.searchParams.set(name, value);
  const authorization = basicAuthorization(credential);
  return { ...base, headers: authorization === undefined ? {} : { authorization } };
}

/** The registry chooses the realm, so a password must not travel to it in the clear. */
function parseRealm({ challenge, registryProtocol }: TokenQuestion): URL {
  const realm = URL.parse(challenge.realm);
  const isAllowed =
    realm?.protocol === 'https:' || (realm?.protocol === 'http:' && registryProtocol === 'http:');
  if (realm && isAllowed && realm.username === '' && realm.password === '') return realm;
  throw new ProviderError(
    'registry_unavailable',
    'sends to a token server that is not https; correct the registry, or set command',
  );
}

function refusal({ status }: OutboundAnswer): number {
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return status;
  const code = status === 429 ? 'registry_rate_limited' : 'registry_unavailable';
  throw new ProviderError(
    code,
    `its token server answered ${status}; try again later, or set command`,
  );
}

/** Throws `registry_unavailable` or `image_unreadable`. */
export function parseTokenAnswer(body: Uint8Array): { token: string; lifetimeSeconds: number } {
  const {
    token,
    access_token: accessToken,
    expires_in: expiresIn,
  } = parseJsonObject(body, 'token answer');
  const text = [token, accessToken].find((value) => typeof value === 'string' && TOKEN.test(value));
  if (typeof text !== 'string') {
    throw new ProviderError('registry_unavailable', 'its token server gave no token; set command');
  }
  const seconds = typeof expiresIn === 'number' ? expiresIn : 0;
  return { token: text, lifetimeSeconds: Math.max(seconds, DEFAULT_LIFETIME_SECONDS) };
}
