// Rewrites a reference to the mirror that the operator configured for it.

import type { ImageReference } from './reference.ts';
import { parseImageReference } from './reference.ts';
import type { Mirror } from './registry-settings.ts';

/** The longest `from` that the image lies under wins; whole path elements count. */
export function selectMirror(
  reference: ImageReference,
  mirrors: readonly Mirror[],
): ImageReference {
  const name = `${reference.registry}/${reference.repository}`;
  const [mirror] = mirrors
    .filter(({ from }) => name === from || name.startsWith(`${from}/`))
    .toSorted((one, other) => other.from.length - one.from.length);
  if (!mirror) return reference;
  const { registry, repository } = parseImageReference(mirror.to + name.slice(mirror.from.length));
  return { ...reference, registry, repository };
}
