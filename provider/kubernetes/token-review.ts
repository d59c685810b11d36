// Reads the API server's answer about a token: which service account, and which Pod it is bound to.
// https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-token-volume

import type { V1TokenReviewStatus, V1UserInfo } from '@kubernetes/client-node';
import type { ServiceAccount } from './service-account.ts';

export type PodIdentity = {
  readonly serviceAccount: ServiceAccount;
  readonly pod: { readonly name: string; readonly uid: string };
};

export type TokenDecision =
  | { readonly authenticated: true; readonly identity: PodIdentity }
  | { readonly authenticated: false; readonly reason: string };

const SERVICE_ACCOUNT = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/;
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

export function parseTokenReview(status: V1TokenReviewStatus, audience: string): TokenDecision {
  const { authenticated, audiences = [], user } = status;
  if (authenticated !== true) return refused('the API server does not accept it');
  if (!audiences.includes(audience)) return refused(`it is not meant for audience ${audience}`);
  const serviceAccount = parseServiceAccount(user?.username);
  if (serviceAccount === undefined) return refused('it is not that of a service account');
  const pod = parseBoundPod(user?.extra);
  if (pod === undefined) return refused('it is not bound to a Pod');
  return { authenticated: true, identity: { serviceAccount, pod } };
}

function parseServiceAccount(username = ''): ServiceAccount | undefined {
  const { namespace, name } = SERVICE_ACCOUNT.exec(username)?.groups ?? {};
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function parseBoundPod(extra: V1UserInfo['extra'] = {}): PodIdentity['pod'] | undefined {
  const name = only(extra[POD_NAME]);
  const uid = only(extra[POD_UID]);
  return name === undefined || uid === undefined ? undefined : { name, uid };
}

function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 && values[0] !== '' ? values[0] : undefined;
}

function refused(reason: string): TokenDecision {
  return { authenticated: false, reason };
}
