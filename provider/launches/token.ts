// Decides by a token alone, before anything is done for who sends it, whether it can be one of ours. It proves nothing: nobody has
// verified the signature yet.

import { hash } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import { findJsonExcess } from '../json-limits.ts';

/** As the policies write it: inject-secrets asks the kubelet for such tokens. */
export const AUDIENCE = 'piggysec.com';
/** As native/inject-secrets writes it: with the name of the one container that has the token (decision 37). */
const OF_CONTAINER = /^piggysec\.com\/(?<container>[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)$/;

/** A token that may be asked about. */
export type LaunchToken = {
  readonly text: string;
  /** The one that the API server is to be asked about. */
  readonly audience: string;
  /** The one that has the token, where its audience says so. */
  readonly container: string | undefined;
};

const MAX_LENGTH = 16_384;
const CLOCK_SKEW_MS = 60_000;
/** Those of Kubernetes have some thirty values, in three levels. */
const PART_LIMITS = { values: 200, depth: 10 };

/** `undefined`: none was sent. Throws `invalid_token` (check 0). */
export function parseLaunchToken(written: string | undefined, nowMs: number): LaunchToken {
  const found = written === undefined ? undefined : findAudience(written, nowMs);
  if (written !== undefined && found !== undefined) return { text: written, ...found };
  throw invalidToken(`it is no token for audience ${AUDIENCE}, or has expired`);
}

/** To remember a token by: the provider's memory is to hold none. */
export function hashToken(token: LaunchToken): string {
  return hash('sha256', token.text, 'base64');
}

export function invalidToken(reason: string): ProviderError {
  const advice = 'the launcher must send the token that the policy mounts';
  return new ProviderError('invalid_token', `the token is refused: ${reason}; ${advice}`);
}

type Audience = Pick<LaunchToken, 'audience' | 'container'>;

function findAudience(token: string, nowMs: number): Audience | undefined {
  const parts = token.split('.');
  if (token.length > MAX_LENGTH || parts.length !== 3) return undefined;
  if (!isSpeltAsSigned(parts[2] ?? '')) return undefined;
  const { aud, exp } = readTokenPart(parts[1] ?? '');
  const isTimely = typeof exp === 'number' && exp * 1000 > nowMs - CLOCK_SKEW_MS;
  return isTimely ? selectAudience(aud) : undefined;
}

function selectAudience(aud: unknown): Audience | undefined {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences.includes(AUDIENCE)) return { audience: AUDIENCE, container: undefined };
  for (const audience of audiences) {
    if (typeof audience !== 'string') continue;
    const container = OF_CONTAINER.exec(audience)?.groups?.['container'];
    if (container !== undefined) return { audience, container };
  }
  return undefined;
}

/**
 * Of a signature, which is not part of what it signs: decoders overlook the last bits of its text, other alphabets and what is no
 * character, so that a token could be sent in many spellings, each of them one that was not refused yet.
 */
function isSpeltAsSigned(signature: string): boolean {
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

/** The header or the claims of a JSON Web Token (RFC 7519); without any where they are not readable. */
export function readTokenPart(part: string): Readonly<Record<string, unknown>> {
  const text = Buffer.from(part, 'base64url').toString();
  if (findJsonExcess(text, PART_LIMITS) !== undefined) return {};
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? { ...read } : {};
  } catch {
    return {};
  }
}
