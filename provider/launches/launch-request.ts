// Reads the body of a launcher's request (check 0 of the secret endpoint, docs/architecture.md).

import { ProviderError } from '../errors.ts';
import type { BodyLimits } from '../json-limits.ts';

export type LaunchRequest = {
  readonly uid: string;
  /** Empty where the launcher sent none. */
  readonly signature: string;
  readonly references: readonly string[];
};

const MAX_REFERENCES = 500;
const MAX_UID_LENGTH = 64;
/** Of lists and objects in each other: the request and its references, and what a later launcher may add. */
const MAX_DEPTH = 4;
/** Beside the references: the request, its three fields, and what a later launcher may add. */
const MAX_OTHER_VALUES = 20;

/** What is parsed at all. */
export const launchRequestLimits = {
  values: MAX_REFERENCES + MAX_OTHER_VALUES,
  depth: MAX_DEPTH,
  legal: `a launcher sends "uid", "signature" and ${MAX_REFERENCES} "references" at most`,
} as const satisfies BodyLimits;

/** Fields it does not know are ignored: launchers outlive upgrades. Throws `invalid_request` and `request_too_large`. */
export function parseLaunchRequest(body: unknown): LaunchRequest {
  if (typeof body !== 'object' || body === null) throw invalid('must be a JSON object');
  const { uid, signature, references } = body as Readonly<Record<string, unknown>>;
  if (typeof uid !== 'string' || uid === '' || uid.length > MAX_UID_LENGTH) {
    throw invalid(`needs "uid", a text of 1 to ${MAX_UID_LENGTH} characters`);
  }
  if (!isListOfTexts(references)) throw invalid('needs "references", a list of texts');
  if (references.length > MAX_REFERENCES) throw tooMany(references.length);
  return { uid, signature: parseSignature(signature), references: [...new Set(references)] };
}

// A missing signature is no error of form: whether one is needed is decided by the Pod's spec.
function parseSignature(signature: unknown): string {
  const text = signature ?? '';
  if (typeof text === 'string') return text;
  throw invalid('has a "signature" that is not a text');
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function tooMany(count: number): ProviderError {
  const message = `the request has ${count} references, ${MAX_REFERENCES} are answered at most; spread them over several containers`;
  return new ProviderError('request_too_large', message);
}

function invalid(problem: string): ProviderError {
  const message = `the request ${problem}; does the launcher's version fit the provider's?`;
  return new ProviderError('invalid_request', message);
}
