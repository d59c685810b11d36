// Asks a registry host as it wants to be asked: the challenge it made before, or the one it makes now.

import { LRUCache } from 'lru-cache';
import { selectChallenge, type Challenge } from './challenge.ts';
import { basicAuthorization, type Credential } from './credential.ts';
import type { OutboundAnswer, SendOutbound } from './outbound-client.ts';
import type { ReadToken } from './registry-token.ts';

export type AuthorizedRequest = {
  readonly url: URL;
  readonly accept: string;
  readonly credential: Credential;
  readonly maxBytes: number;
  readonly skipVerify: boolean;
};

export type SendAuthorized = (
  request: AuthorizedRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

export function createAuthorizedSend(send: SendOutbound, readToken: ReadToken): SendAuthorized {
  const challenges = new LRUCache<string, Challenge>({ max: 1_000 });
  const sendWith = (
    request: AuthorizedRequest,
    authorization: string | undefined,
    signal: AbortSignal,
  ) => {
    const { url, accept, maxBytes, skipVerify } = request;
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
    return send({ url, headers, maxBytes, skipVerify }, signal);
  };
  const sendAuthorized = async (request: AuthorizedRequest, key: string, signal: AbortSignal) => {
    const known = challenges.get(key);
    const offered =
      known && (await authorize(readToken, { request, challenge: known, fresh: false }, signal));
    const answer = await sendWith(request, offered, signal);
    const challenge = isRefusal(answer) ? readChallenge(answer) : undefined;
    if (!challenge) return answer;
    challenges.set(key, challenge);
    const authorization = await authorize(
      readToken,
      { request, challenge, fresh: offered !== undefined },
      signal,
    );
    const isNew = authorization !== undefined && authorization !== offered;
    return isNew ? await sendWith(request, authorization, signal) : answer;
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
  const question = { challenge, credential, registryProtocol: url.protocol, skipVerify, fresh };
  const answer = await readToken(question, signal);
  return 'token' in answer ? `Bearer ${answer.token}` : undefined;
}

function isRefusal({ status }: OutboundAnswer): boolean {
  return status === 401 || status === 403;
}

function readChallenge({ headers }: OutboundAnswer): Challenge | undefined {
  return selectChallenge([headers['www-authenticate'] ?? []].flat());
}

/** A scope holds for one repository, so challenges are kept for each. */
function challengeKey({ origin, pathname }: URL): string {
  return origin + pathname.replace(/\/(?:manifests|blobs)\/[^/]*$/, '');
}
