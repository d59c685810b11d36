// Reads a secret for a service account: fetch, decide by what AWS calls it and by the secret's own allow-list, select what
// was asked for.

import { ProviderError } from '../errors.ts';
import type { ServiceAccount } from '../kubernetes/service-account.ts';
import { decideAccess } from './access.ts';
import { isDecided } from './aws-failure.ts';
import {
  decideReturned,
  refuseAnother,
  refuseUnlisted,
  targetOf,
  type AccessPolicy,
  type AccessTarget,
  type Grant,
} from './grant.ts';
import type { ReadParameters } from './parameter-store-client.ts';
import type { ReadSecretVersion } from './secrets-manager-client.ts';
import type { ParameterQuestion } from './named-parameters.ts';
import type { Reference } from './reference.ts';
import { CURRENT, describeSource, type SecretSource } from './source.ts';
import type { StoredSecret } from './stored-secret.ts';
import { selectValues, type SecretContent, type SelectedValues } from './values.ts';

export type SecretQuestion = {
  readonly source: SecretSource;
  /** What a failure is told of, such as "piggy:secret:shop/db#password"; `undefined` where there is nothing to mix it up with. */
  readonly calledBy: string | undefined;
  readonly references: readonly Reference[];
  readonly serviceAccount: ServiceAccount;
  /** Refuse a secret that says nothing about who may read it. */
  readonly allowListRequired: boolean;
  /** What check 7 decided, by this policy. */
  readonly policy: AccessPolicy;
  readonly grant: Grant;
};

/** Throws ProviderError with a LaunchErrorCode; `access_denied` and `service_account_not_allowed` before any value is looked at. */
export type ReadSecrets = (
  question: SecretQuestion,
  signal: AbortSignal,
) => Promise<SelectedValues>;

export type SecretsDependencies = {
  readonly readSecretVersion: ReadSecretVersion;
  readonly readParameters: ReadParameters;
  /** One that a reference names. */
  readonly readParameter: (question: ParameterQuestion) => Promise<StoredSecret>;
};

export function createSecretsReader(dependencies: SecretsDependencies): ReadSecrets {
  return async (question, signal) => {
    const { stored, deciding } = await fetchGranted(dependencies, question, signal);
    const grants = deciding.map(({ target }) => confirmGrant(question, target));
    const onlyIfListed = grants.some((grant) => grant.onlyIfListed);
    for (const { content } of deciding) assertAllowed(content, question, onlyIfListed);
    return selectValues(stored.content, question.references);
  };
}

type FetchedSecret = {
  readonly stored: StoredSecret;
  /** Each of these must allow. */
  readonly deciding: readonly StoredSecret[];
};

async function fetchGranted(
  dependencies: SecretsDependencies,
  question: SecretQuestion,
  signal: AbortSignal,
): Promise<FetchedSecret> {
  try {
    return await fetchSecret(dependencies, question, signal);
  } catch (error) {
    // Who may read a secret only if it says so is not told whether there is one: nor that its key or a policy of AWS refuses it.
    if (question.grant.onlyIfListed && isDecided(error)) throw unlisted(question, error);
    if (question.grant.mayBeAnother && isDecided(error)) throw another(question, error);
    throw error;
  }
}

async function fetchSecret(
  { readSecretVersion, readParameters, readParameter }: SecretsDependencies,
  { source, grant: { role } }: SecretQuestion,
  signal: AbortSignal,
): Promise<FetchedSecret> {
  if (source.kind === 'parameterStore') {
    const stored = await readParameters({ ...source, role }, signal);
    return { stored, deciding: [stored] };
  }
  if (source.kind === 'parameter') {
    const stored = await readParameter({ ...source, role });
    return { stored, deciding: [stored] };
  }
  const { version } = source;
  if (version.kind === 'stage' && version.stage === CURRENT.stage) {
    const stored = await readSecretVersion({ ...source, role }, signal);
    return { stored, deciding: [stored] };
  }
  // Who was taken off the list must not come in through an old version that still names them.
  const [stored, current] = await Promise.all([
    readSecretVersion({ ...source, role }, signal),
    readSecretVersion({ ...source, role, version: CURRENT }, signal),
  ]);
  return { stored, deciding: [stored, current] };
}

/** Check 7 once more: a name or ARN that was asked for need not be all that AWS calls the secret. */
function confirmGrant(question: SecretQuestion, target: AccessTarget): Grant {
  const { policy, serviceAccount, grant } = question;
  const decision = decideReturned(policy, serviceAccount, { target, grant });
  if (decision.allowed) return decision.grant;
  if (grant.mayBeAnother) throw another(question);
  throw new ProviderError('access_denied', decision.message);
}

function another({ grant, serviceAccount, source }: SecretQuestion, cause?: unknown) {
  const message = refuseAnother(grant.rule, serviceAccount, targetOf(source));
  return new ProviderError('access_denied', message, { cause });
}

function assertAllowed(
  { allowLists }: SecretContent,
  question: SecretQuestion,
  onlyIfListed: boolean,
): void {
  const { serviceAccount, source } = question;
  const allowListRequired = question.allowListRequired || onlyIfListed;
  const lists = allowLists.length === 0 ? [undefined] : allowLists;
  for (const allowList of lists) {
    const decision = decideAccess(serviceAccount, allowList, { allowListRequired });
    if (decision.allowed) continue;
    if (question.grant.mayBeAnother && onlyIfListed) throw another(question);
    throw onlyIfListed ? unlisted(question) : notAllowed(serviceAccount, source, decision.reason);
  }
}

function unlisted({ policy, serviceAccount, source }: SecretQuestion, cause?: unknown) {
  const message = refuseUnlisted(policy, serviceAccount, targetOf(source));
  return new ProviderError('access_denied', message, { cause });
}

function notAllowed(
  { namespace, name }: ServiceAccount,
  source: SecretSource,
  reason: 'allow_list_missing' | 'not_in_allow_list',
): ProviderError {
  const secret = describeSource(source);
  const advice =
    reason === 'allow_list_missing'
      ? `has no PIGGY_ALLOWED_SA, which is required; add it with ${namespace}:${name}`
      : `does not allow ${namespace}:${name} in its PIGGY_ALLOWED_SA; its owner can add it there`;
  return new ProviderError('service_account_not_allowed', `${secret} ${advice}`);
}
