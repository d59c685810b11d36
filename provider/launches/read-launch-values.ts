// Answers a container that starts: who asks, may it start now, may it have this secret; then the values it refers to.

import type { SecretValue } from '../secrets/secret-value.ts';

/** What is known of a request so far, for its audit line. */
export type LaunchFacts = {
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly serviceAccount?: string;
  readonly secretId?: string;
  readonly parameterPath?: string;
  readonly references?: number;
};

export type LaunchQuestion = { readonly token: string | undefined; readonly body: unknown };

export type LaunchContext = {
  readonly signal: AbortSignal;
  /** Told what is known so far, so that a refusal can be logged with who and what. */
  readonly note: (facts: LaunchFacts) => void;
};

export type LaunchValues = {
  readonly values: ReadonlyMap<string, SecretValue>;
  readonly missing: readonly string[];
};

/** Throws ProviderError with a LaunchErrorCode. */
export type ReadLaunchValues = (
  question: LaunchQuestion,
  context: LaunchContext,
) => Promise<LaunchValues>;
