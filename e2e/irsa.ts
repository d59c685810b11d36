// What Amazon's webhook of IRSA writes into Pods whose service account has a role; there is none in the cluster of the tests.

import { awsEndpoint, awsRegion } from './aws.ts';

const folder = '/var/run/secrets/eks.amazonaws.com/serviceaccount';

const environment = {
  AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/shop',
  AWS_WEB_IDENTITY_TOKEN_FILE: `${folder}/token`,
  AWS_REGION: awsRegion,
  // Not of the webhook: leads to moto.
  AWS_ENDPOINT_URL: awsEndpoint,
};

type Container = { readonly env?: readonly object[] };

/** The spec of a Pod after that webhook. */
export function withRole<T extends Container>(spec: { readonly containers: readonly T[] }) {
  const variables = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const token = { serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } };
  return {
    ...spec,
    containers: spec.containers.map((container) => ({
      ...container,
      env: [...(container.env ?? []), ...variables],
      volumeMounts: [{ name: 'aws-iam-token', mountPath: folder, readOnly: true }],
    })),
    volumes: [{ name: 'aws-iam-token', projected: { sources: [token] } }],
  };
}
