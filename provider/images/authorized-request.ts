// Asks a registry host as it wants to be asked: the challenge it made before, or the one it makes now.

import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Reach } from './addresses.ts';
import { selectChallenge, type Challenge } from './challenge.ts';
import { basicAuthorization, type Credential } from './credential.ts';
import type { OutboundAnswer, SendOutbound } from './outbound-client.ts';
import type { Asker } from './question-budget.ts';
import type { ReadToken } from './registry-token.ts';

export type AuthorizedRequest = {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD';
  readonly accept: string;
  readonly credential: Credential;
  readonly maxBytes: number;
  readonly skipVerify: boolean;
  readonly reach: Reach;
  readonly asker: Asker;
};

export type SendAuthorized = (
  request: AuthorizedRequest,
  signal: AbortSignal,
) => Promise<OutboundAnswer>;

// Some registries tell the scope only to those who bring a token that lacks it.
const MAX_CHALLENGES = 2;

/** As it was made, and where who made it may send on to. */
type Known = { readonly challenge: Challenge; readonly onward: OutboundAnswer['onward'] };

type Offer = { readonly authorization: string; readonly onward: OutboundAnswer['onward'] };

export function createAuthorizedSend(send: SendOutbound, readToken: ReadToken): SendAuthorized {
  const known = new LRUCache<string, Known>({ max: 1_000 });
  const offer = async (question: Authorization, signal: AbortSignal) => {
    const authorization = await authorize(readToken, question, signal);
    const { onward } = question.known;
    return authorization === undefined ? undefined : { authorization, onward };
  };
  const sendAuthorized = async (request: AuthorizedRequest, key: string, signal: AbortSignal) => {
    const before = known.get(key);
    let offered = before && (await offer({ request, known: before, fresh: false }, signal));
    let answer = await sendWith(send, { request, offered }, signal);
    let answered: Challenge | undefined;
    for (let count = 0; count < MAX_CHALLENGES; count += 1) {
      const challenge = isRefusal(answer) ? readChallenge(answer, request.url) : undefined;
      if (!challenge || isDeepStrictEqual(challenge, answered)) return answer;
      const now = { challenge, onward: answer.onward };
      known.set(key, now);
      const next = await offer({ request, known: now, fresh: offered !== undefined }, signal);
      if (!next || next.authorization === offered?.authorization) return answer;
      [offered, answered] = [next, challenge];
      answer = await sendWith(send, { request, offered }, signal);
    }
    return answer;
  };
  return async (request, signal) => {
    const key = challengeKey(request);
    try {
      return await sendAuthorized(request, key, signal);
    } catch (error) {
      // One wrong answer must not spoil all lookups to come.
      known.delete(key);
      throw error;
    }
  };
}

/** What answers a challenge that was made in private stays there: the name may lead elsewhere by now. */
function sendWith(
  send: SendOutbound,
  { request, offered }: { request: AuthorizedRequest; offered: Offer | undefined },
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const { url, method, accept, maxBytes, skipVerify, asker } = request;
  const reach = offered?.onward === 'any' ? 'private' : request.reach;
  const headers = { accept, ...(offered && { authorization: offered.authorization }) };
  return send({ url, method, headers, maxBytes, skipVerify, reach, asker }, signal);
}

type Authorization = {
  readonly request: AuthorizedRequest;
  readonly known: Known;
  readonly fresh: boolean;
};

/** undefined when the credential cannot answer the challenge: the registry then says what it thinks of that. */
async function authorize(
  readToken: ReadToken,
  { request, known: { challenge, onward }, fresh }: Authorization,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { credential, skipVerify, url, asker } = request;
  if (challenge.kind === 'basic') return basicAuthorization(credential);
  if (credential.kind === 'registryToken') return `Bearer ${credential.registryToken}`;
  const registry = { registry: url.origin, registryProtocol: url.protocol, reach: onward };
  const question = { ...registry, challenge, credential, skipVerify, fresh, asker };
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
function challengeKey({ url: { origin, pathname }, reach }: AuthorizedRequest): string {
  return `${reach} ${origin}${pathname.replace(/\/(?:manifests|blobs)\/[^/]*$/, '')}`;
}
