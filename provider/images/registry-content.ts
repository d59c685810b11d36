// Bounds what is read of a manifest or blob, and checks it by the size and digest that it must have.

import { createHash } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import { PER_REQUEST } from './lookup-budget.ts';
import type { Descriptor } from './manifest.ts';
import { parseDigest, type Digest } from './reference.ts';

const MAX_BYTES = PER_REQUEST.contentBytes;

/** How many bytes are read of it. Throws `image_unreadable` where it says that it has more than any may have. */
export function limitOf(descriptor: Descriptor | undefined): number {
  if (!descriptor) return MAX_BYTES;
  if (descriptor.size <= MAX_BYTES) return descriptor.size;
  throw unreadable(
    `says that a part of it has ${descriptor.size} bytes, more than the ${MAX_BYTES} that are read`,
  );
}

/** Throws `image_unreadable` where it is not what was asked for. */
export function checkContent(
  bytes: Uint8Array,
  expected: { readonly digest: Digest | undefined; readonly size?: number | undefined },
): void {
  if (expected.size !== undefined && expected.size !== bytes.length) {
    throw unreadable('came with another size than its descriptor says');
  }
  if (expected.digest !== undefined && expected.digest !== digestOf(bytes)) {
    throw unreadable('came with content that does not have its digest');
  }
}

export function digestOf(bytes: Uint8Array): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

function unreadable(problem: string): ProviderError {
  return new ProviderError('image_unreadable', `${problem}; push it again, or set command`);
}
