// Reads the body of a launcher's request (check 0 of the secret endpoint, docs/architecture.md).

import { ProviderError } from '../errors.ts';

export type LaunchRequest = {
  readonly uid: string;
  /** Empty where the launcher sent none. */
  readonly signature: string;
  readonly references: readonly string[];
};

const MAX_REFERENCES = 500;
const MAX_UID_LENGTH = 64;

/** Fields it does not know are ignored: launchers outlive upgrades. Throws `invalid_request`. */
export function parseLaunchRequest(body: unknown): LaunchRequest {
  if (typeof body !== 'object' || body === null) throw invalid('must be a JSON object');
  const { uid, signature, references } = body as Readonly<Record<string, unknown>>;
  if (typeof uid !== 'string' || uid === '' || uid.length > MAX_UID_LENGTH) {
    throw invalid(`needs "uid", a text of 1 to ${MAX_UID_LENGTH} characters`);
  }
  if (!isListOfTexts(references) || references.length > MAX_REFERENCES) {
    throw invalid(`needs "references", a list of ${MAX_REFERENCES} texts at most`);
  }
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

function invalid(problem: string): ProviderError {
  const message = `the request ${problem}; does the launcher's version fit the provider's?`;
  return new ProviderError('invalid_request', message);
}
