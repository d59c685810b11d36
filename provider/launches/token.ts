// Decides by a token alone, before anything is done for who sends it, whether it can be one of ours. It proves nothing: nobody has
// verified the signature yet.

import { hash } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import { findJsonExcess } from '../json-limits.ts';

/** As the policies write it: inject-secrets asks the kubelet for such tokens. */
export const AUDIENCE = 'piggysec.com';

declare const checked: unique symbol;
/** A token that may be asked about. */
export type LaunchToken = string & { readonly [checked]: 'LaunchToken' };

const MAX_LENGTH = 16_384;
const CLOCK_SKEW_MS = 60_000;
/** Those of Kubernetes have some thirty values, in three levels. */
const PART_LIMITS = { values: 200, depth: 10 };

/** `undefined`: none was sent. Throws `invalid_token` (check 0). */
export function parseLaunchToken(written: string | undefined, nowMs: number): LaunchToken {
  if (written !== undefined && looksLikeOurs(written, nowMs)) return written as LaunchToken;
  throw invalidToken(`it is no token for audience ${AUDIENCE}, or has expired`);
}

/** To remember a token by: the provider's memory is to hold none. */
export function hashToken(token: LaunchToken): string {
  return hash('sha256', token, 'base64');
}

export function invalidToken(reason: string): ProviderError {
  const advice = 'the launcher must send the token that the policy mounts';
  return new ProviderError('invalid_token', `the token is refused: ${reason}; ${advice}`);
}

function looksLikeOurs(token: string, nowMs: number): boolean {
  const parts = token.split('.');
  if (token.length > MAX_LENGTH || parts.length !== 3) return false;
  if (!isSpeltAsSigned(parts[2] ?? '')) return false;
  const { aud, exp } = readTokenPart(parts[1] ?? '');
  const isForUs = Array.isArray(aud) ? aud.includes(AUDIENCE) : aud === AUDIENCE;
  return isForUs && typeof exp === 'number' && exp * 1000 > nowMs - CLOCK_SKEW_MS;
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
