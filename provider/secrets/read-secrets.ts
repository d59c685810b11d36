// Reads a secret for a service account: fetch, decide by the secret's own allow-list, select what was asked for.

import { ProviderError } from '../errors.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import { decideAccess } from './access.ts';
import type { ReadParameters } from './parameter-store-client.ts';
import type { ReadSecretVersion } from './secrets-manager-client.ts';
import { CURRENT, type SecretSource } from './source.ts';
import { selectValues, type SecretContent, type SelectedValues } from './values.ts';

export type SecretQuestion = {
  readonly source: SecretSource;
  readonly references: readonly string[];
  readonly serviceAccount: ServiceAccount;
  /** Refuse a secret that says nothing about who may read it. */
  readonly allowListRequired: boolean;
};

/** Throws ProviderError with a LaunchErrorCode; `service_account_not_allowed` before any value is looked at. */
export type ReadSecrets = (
  question: SecretQuestion,
  signal: AbortSignal,
) => Promise<SelectedValues>;

export type SecretsDependencies = {
  readonly readSecretVersion: ReadSecretVersion;
  readonly readParameters: ReadParameters;
};

export function createSecretsReader(dependencies: SecretsDependencies): ReadSecrets {
  return async (question, signal) => {
    const { content, deciding } = await fetchSecret(dependencies, question.source, signal);
    for (const version of deciding) assertAllowed(version, question);
    return selectValues(content, question.references);
  };
}

type FetchedSecret = {
  readonly content: SecretContent;
  /** Each of these must allow. */
  readonly deciding: readonly SecretContent[];
};

async function fetchSecret(
  { readSecretVersion, readParameters }: SecretsDependencies,
  source: SecretSource,
  signal: AbortSignal,
): Promise<FetchedSecret> {
  if (source.kind === 'parameterStore') {
    const content = await readParameters(source, signal);
    return { content, deciding: [content] };
  }
  const { version } = source;
  if (version.kind === 'stage' && version.stage === CURRENT.stage) {
    const content = await readSecretVersion(source, signal);
    return { content, deciding: [content] };
  }
  // Who was taken off the list must not come in through an old version that still names them.
  const [content, current] = await Promise.all([
    readSecretVersion(source, signal),
    readSecretVersion({ ...source, version: CURRENT }, signal),
  ]);
  return { content, deciding: [content, current] };
}

function assertAllowed({ allowLists }: SecretContent, question: SecretQuestion): void {
  const { serviceAccount, source, allowListRequired } = question;
  const lists = allowLists.length === 0 ? [undefined] : allowLists;
  for (const allowList of lists) {
    const decision = decideAccess(serviceAccount, allowList, { allowListRequired });
    if (!decision.allowed) throw notAllowed(serviceAccount, source, decision.reason);
  }
}

function notAllowed(
  { namespace, name }: ServiceAccount,
  source: SecretSource,
  reason: 'allow_list_missing' | 'not_in_allow_list',
): ProviderError {
  const secret =
    source.kind === 'secretsManager'
      ? `secret ${source.secretId}`
      : `parameter path ${source.path}`;
  const advice =
    reason === 'allow_list_missing'
      ? `has no PIGGY_ALLOWED_SA, which is required; add it with ${namespace}:${name}`
      : `does not allow ${namespace}:${name} in its PIGGY_ALLOWED_SA; its owner can add it there`;
  return new ProviderError('service_account_not_allowed', `${secret} ${advice}`);
}
