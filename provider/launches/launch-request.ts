// Reads the body of a launcher's request (check 0 of the secret endpoint, docs/architecture.md).

import { ProviderError } from '../errors.ts';
import type { BodyLimits } from '../json-limits.ts';
import { parseReference, sourceKey, type Reference } from '../secrets/reference.ts';
import { ReferenceMistake } from '../secrets/reference-text.ts';

export type LaunchRequest = {
  readonly uid: string;
  /** Empty where the launcher sent none. */
  readonly signature: string;
  /** Each once, and of no more than MAX_SOURCES sources. */
  readonly references: readonly Reference[];
};

const MAX_REFERENCES = 500;
const MAX_UID_LENGTH = 64;
/** Of lists and objects in each other: the request and its references, and what a later launcher may add. */
const MAX_DEPTH = 4;
/** Beside the references, of which each can be an object with a text in it: the request, its three fields, and what a later launcher may add. */
const MAX_OTHER_VALUES = 20;
const MAX_SOURCES = 20;

/** What is parsed at all. */
export const launchRequestLimits = {
  values: 2 * MAX_REFERENCES + MAX_OTHER_VALUES,
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
  return { uid, signature: parseSignature(signature), references: parseReferences(references) };
}

function parseReferences(written: unknown): readonly Reference[] {
  if (!Array.isArray(written)) throw noReferences();
  if (written.length > MAX_REFERENCES) throw tooMany(written.length);
  const parsed = written.map(parseOne);
  const seen = new Set<string>();
  const references = parsed.filter(({ text }) => !seen.has(text) && seen.add(text));
  // So few cannot name more.
  if (references.length <= MAX_SOURCES) return references;
  const sources = new Set(references.map(sourceKey));
  if (sources.size <= MAX_SOURCES) return references;
  throw invalid(`asks for ${sources.size} secrets and parameters, and ${MAX_SOURCES} are the most`);
}

/**
 * A text is a key of the Pod's own source, and an object has a reference that says more: a provider that knows keys only refuses
 * the object, and a launcher that knows keys only sends the text, which must not be taken for a key.
 */
function parseOne(written: unknown): Reference {
  if (typeof written === 'string') {
    const reference = parseText(written);
    if (reference.isPlain) return reference;
    throw invalid(
      `has a reference that its launcher is too old for, "${written.slice(0, written.indexOf(':') + 1)}…": create the Pod again, with the launcher of this version`,
    );
  }
  const { reference } = (written ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof reference === 'string') return parseText(reference);
  throw noReferences();
}

function parseText(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof ReferenceMistake) throw invalid(`has a wrong reference: ${error.message}`);
    throw error;
  }
}

function noReferences(): ProviderError {
  return invalid(`needs "references", a list of texts`);
}

// A missing signature is no error of form: whether one is needed is decided by the Pod's spec.
function parseSignature(signature: unknown): string {
  const text = signature ?? '';
  if (typeof text === 'string') return text;
  throw invalid('has a "signature" that is not a text');
}

function tooMany(count: number): ProviderError {
  const message = `the request has ${count} references, ${MAX_REFERENCES} are answered at most; spread them over several containers`;
  return new ProviderError('request_too_large', message);
}

function invalid(problem: string): ProviderError {
  const message = `the request ${problem}; does the launcher's version fit the provider's?`;
  return new ProviderError('invalid_request', message);
}
