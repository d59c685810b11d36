// Names the AWS role that secrets are read with, and the service account that it is taken on for.

import type { ServiceAccount } from '../kubernetes/service-account.ts';

export type AssumedRole = {
  readonly roleArn: string;
  readonly externalId: string | undefined;
  /** Whose launch it is: the name of the session, and its tags where `sessionTags` says so. */
  readonly account: ServiceAccount;
  readonly sessionTags: boolean;
};

/** Two sessions that AWS could tell apart have two keys; `undefined` is the provider's own role. */
export function roleKey(role: AssumedRole | undefined): string {
  if (role === undefined) return '';
  const { roleArn, externalId = '', account, sessionTags } = role;
  return JSON.stringify([roleArn, externalId, account.namespace, account.name, sessionTags]);
}
