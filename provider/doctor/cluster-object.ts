// Reads fields of objects that came out of the Kubernetes API, which may hold anything.

import type { ClusterRead } from './cluster-client.ts';
import { fails, notChecked, type Outcome } from './finding.ts';

/** The field at the end of `path`, or `undefined`. */
export function readField(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => fieldsOf(found)[key], object);
}

/** No fields where it is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The object, or what it means that it was not read. */
export function foundObject(
  read: ClusterRead,
  what: string,
  whenMissing: Outcome,
): { readonly object: unknown } | Outcome {
  switch (read.kind) {
    case 'found':
      return { object: read.object };
    case 'missing':
      return whenMissing;
    case 'forbidden':
      return notChecked(
        `the provider's service account is not allowed to look at ${what}`,
        'look yourself, or let it get that (docs/operations.md, rights of the doctor)',
      );
    case 'failed':
      return fails(`${what}: ${read.reason}`, 'check the API server and the network to it');
  }
}
