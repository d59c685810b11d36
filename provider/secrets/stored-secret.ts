// A secret as a secret store answered it: what it holds, and what the store calls it.

import type { AccessTarget } from './grant.ts';
import type { SecretContent } from './values.ts';

export type StoredSecret = {
  readonly content: SecretContent;
  readonly target: AccessTarget;
  /** Characters, about: a cache is bounded by it. */
  readonly size: number;
};
