// Reads a secret for a service account: fetch, decide by the secret's own allow-list, select what was asked for.

import type { ServiceAccount } from '../kubernetes/service-account.ts';
import type { SecretValue } from './secret-value.ts';
import type { SecretSource } from './source.ts';

export type SecretQuestion = {
  readonly source: SecretSource;
  readonly references: readonly string[];
  readonly serviceAccount: ServiceAccount;
  /** Refuse a secret that says nothing about who may read it. */
  readonly allowListRequired: boolean;
};

export type SelectedValues = {
  readonly values: ReadonlyMap<string, SecretValue>;
  readonly missing: readonly string[];
};

export type ReadSecrets = (
  question: SecretQuestion,
  signal: AbortSignal,
) => Promise<SelectedValues>;
