// Asks a registry host as it wants to be asked: the challenge it made before, or the one it makes now.

import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import { selectChallenge, type Challenge } from './challenge.ts';
import { basicAuthorization, type Credential } from './credential.ts';
import type { OutboundAnswer, SendOutbound } from './outbound-client.ts';
import type { ReadToken } from './registry-token.ts';

export type AuthorizedRequest = {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD';
  readonly accept: string;
  readonly credential: Credential;
  readonly maxBytes: number;
  readonly skipVerify: boolean;
};

export type SendAuthorized = (
  request: AuthorizedRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

// Some registries tell the scope only to those who bring a token that lacks it.
const MAX_CHALLENGES = 2;

export function createAuthorizedSend(send: SendOutbound, readToken: ReadToken): SendAuthorized {
  const challenges = new LRUCache<string, Challenge>({ max: 1_000 });
  const sendWith = (
    { url, method, accept, maxBytes, skipVerify }: AuthorizedRequest,
    authorization: string | undefined,
    signal: AbortSignal,
  ) => {
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
    return send({ url, method, headers, maxBytes, skipVerify }, signal);
  };
  const sendAuthorized = async (request: AuthorizedRequest, key: string, signal: AbortSignal) => {
    const known = challenges.get(key);
    let offered =
      known && (await authorize(readToken, { request, challenge: known, fresh: false }, signal));
    let answer = await sendWith(request, offered, signal);
    let answered: Challenge | undefined;
    for (let count = 0; count < MAX_CHALLENGES; count += 1) {
      const challenge = isRefusal(answer) ? readChallenge(answer, request.url) : undefined;
      if (!challenge || isDeepStrictEqual(challenge, answered)) return answer;
      challenges.set(key, challenge);
      const fresh = offered !== undefined;
      const authorization = await authorize(readToken, { request, challenge, fresh }, signal);
      if (authorization === undefined || authorization === offered) return answer;
      [offered, answered] = [authorization, challenge];
      answer = await sendWith(request, authorization, signal);
    }
    return answer;
  };
  return async (request, signal) => {
    const key = challengeKey(request.url);
    try {
      return await sendAuthorized(request, key, signal);
    } catch (error) {
      // One wrong answer must not spoil all lookups to come.
      challenges.delete(key);
      throw error;
    }
  };
}

type Authorization = {
  readonly request: AuthorizedRequest;
  readonly challenge: Challenge;
  readonly fresh: boolean;
};

/** undefined when the credential cannot answer the challenge: the registry then says what it thinks of that. */
async function authorize(
  readToken: ReadToken,
  { request, challenge, fresh }: Authorization,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { credential, skipVerify, url } = request;
  if (challenge.kind === 'basic') return basicAuthorization(credential);
  if (credential.kind === 'registryToken') return `Bearer ${credential.registryToken}`;
  const question = { challenge, credential, registryProtocol: url.protocol, skipVerify, fresh };
  const answer = await readToken(question, signal);
  return 'token' in answer ? `Bearer ${answer.token}` : undefined;
}

function isRefusal({ status }: OutboundAnswer): boolean {
  return status === 401 || status === 403;
}

/** A registry that does not name the scope means the one of the repository that it was asked for. */
function readChallenge({ headers }: OutboundAnswer, { pathname }: URL): Challenge | undefined {
  const challenge = selectChallenge([headers['www-authenticate'] ?? []].flat());
  if (challenge?.kind !== 'bearer' || challenge.scope !== undefined) return challenge;
  const [, repository] = /^\/v2\/(.+)\/(?:manifests|blobs)\/[^/]*$/.exec(pathname) ?? [];
  const scope = repository === undefined ? undefined : `repository:${repository}:pull`;
  return { ...challenge, scope };
}

/** A scope holds for one repository, so challenges are kept for each. */
function challengeKey({ origin, pathname }: URL): string {
  return origin + pathname.replace(/\/(?:manifests|blobs)\/[^/]*$/, '');
}
