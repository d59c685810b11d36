// Decides whether Kyverno may read what inject-secrets reads in our namespace, by asking the API server about its account. Such
// a review is about one namespace, so the right to ask for it tells nothing about others.
// https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/local-subject-access-review-v1/

import type { ObjectName } from './arguments.ts';
import type { ClusterRead, CreateObject } from './cluster-client.ts';
import { foundObject, readField } from './cluster-object.ts';
import { fails, notChecked, ok, type Outcome } from './finding.ts';

/** What the variables of inject-secrets name. */
export const readByPolicy = [
  { resource: 'configmaps', name: 'piggy' },
  { resource: 'configmaps', name: 'piggy-ca' },
  { resource: 'secrets', name: 'piggy-admission' },
] as const;

/** `deployment` is of Kyverno's admission controller, in the namespace `kyverno`; `namespace` is Piggy's own. */
export async function checkRights(
  deployment: ClusterRead,
  { kyverno, namespace }: { readonly kyverno: string; readonly namespace: string },
  create: CreateObject,
): Promise<Outcome> {
  if (deployment.kind !== 'found') {
    return notChecked('without its Deployment, the account of Kyverno is not known', 'see kyverno');
  }
  const name = readField(deployment.object, 'spec', 'template', 'spec', 'serviceAccountName');
  const account = { namespace: kyverno, name: typeof name === 'string' ? name : 'default' };
  const path = `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`;
  const reviews = readByPolicy.map((object) => create(path, reviewOf(account, namespace, object)));
  return decideRights(account, namespace, await Promise.all(reviews));
}

function reviewOf(account: ObjectName, namespace: string, object: object): object {
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'LocalSubjectAccessReview',
    metadata: { namespace },
    spec: {
      user: `system:serviceaccount:${account.namespace}:${account.name}`,
      // Which every account of that namespace belongs to.
      groups: [
        'system:authenticated',
        'system:serviceaccounts',
        `system:serviceaccounts:${account.namespace}`,
      ],
      resourceAttributes: { namespace, verb: 'get', version: 'v1', ...object },
    },
  };
}

/** `reviews` are of `readByPolicy`, in that order. */
export function decideRights(
  account: ObjectName,
  namespace: string,
  reviews: readonly ClusterRead[],
): Outcome {
  const lacking: string[] = [];
  for (const [index, { resource, name }] of readByPolicy.entries()) {
    const review = reviews[index] ?? { kind: 'missing' };
    const found = foundObject(review, 'the rights of Kyverno', NOT_SERVED);
    if ('status' in found) return found;
    const isAllowed = readField(found.object, 'status', 'allowed') === true;
    if (!isAllowed) lacking.push(`${resource.slice(0, -1)} ${name}`);
  }
  const who = `service account ${account.namespace}:${account.name} of Kyverno`;
  return lacking.length === 0
    ? ok(`${who} may read the settings, the CA and the sealing key`)
    : fails(
        `${who} may not get ${lacking.join(', ')} in namespace ${namespace}, so Pods that opt in are refused`,
        'give it that right (docs/certificates.md, rights), in the chart by kyverno.namespace and kyverno.serviceAccountName',
      );
}

const NOT_SERVED = notChecked(
  'the API server does not answer questions about rights',
  'ask yourself: kubectl auth can-i get secret/piggy-admission --as=…',
);
