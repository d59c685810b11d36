// What the earlier Piggy's users applied: the manifests of its demo folder and of its README, field for field. Only what they leave
// to be filled in, the role, is filled in, and standalone Pods are led to moto.

import { awsEndpoint } from './aws.ts';

export const region = 'ap-southeast-1';
export const image = 'ghcr.io/kongz/piggy-demo:latest';
export const secretName = 'demo/sample/test';
export const parameterPath = '/demo/sample/test';

const address = {
  'piggysec.com/piggy-address': 'https://piggy-webhooks.piggy-webhooks.svc.cluster.local',
};
const inRegion = { 'piggysec.com/aws-region': region };
const named = { 'piggysec.com/aws-secret-name': secretName };
const limits = { memory: '64Mi', cpu: '200m' };
const reference = { name: 'TEST_ENV', value: 'piggy:TEST_ENV' };

type Manifest = Readonly<Record<string, unknown>>;

function pod(metadata: object, spec: object): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec };
}

function serviceAccount(metadata: object): Manifest {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
}

function demo(env: readonly object[]): object {
  return { image, name: 'demo', env, resources: { limits } };
}

const roleArn = 'arn:aws:iam::123456789012:role/demo';
const tokenFolder = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const role = [
  { name: 'AWS_ROLE_ARN', value: roleArn },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${tokenFolder}/token` },
  // Not of the manifests: leads to moto.
  { name: 'AWS_ENDPOINT_URL', value: awsEndpoint },
];
const tokenMount = { mountPath: tokenFolder, name: 'aws-iam-token', readOnly: true };
const tokenVolume = {
  name: 'aws-iam-token',
  projected: {
    defaultMode: 420,
    sources: [
      {
        serviceAccountToken: {
          audience: 'sts.amazonaws.com',
          expirationSeconds: 86400,
          path: 'token',
        },
      },
    ],
  },
};

/** The Pod's name, and what is applied for it. */
export const demos: Readonly<Record<string, readonly [pod: string, ...manifests: Manifest[]]>> = {
  lookup: [
    'demo',
    pod(
      { name: 'demo', annotations: { ...address, ...named, ...inRegion } },
      { containers: [demo([reference])] },
    ),
  ],
  'default-value': [
    'demo',
    serviceAccount({ name: 'sample', namespace: 'demo' }),
    pod(
      { namespace: 'demo', name: 'demo', annotations: address },
      { serviceAccountName: 'sample', containers: [demo([reference])] },
    ),
  ],
  secret: [
    'demo',
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'demo-secret' },
      type: 'Opaque',
      // With the line break that echo adds.
      data: { 'some-secret': 'cGlnZ3k6VEVTVF9FTlYK' },
    },
    pod(
      { name: 'demo', annotations: { ...address, ...named, ...inRegion } },
      {
        containers: [
          demo([
            {
              name: 'TEST_ENV',
              valueFrom: { secretKeyRef: { key: 'some-secret', name: 'demo-secret' } },
            },
          ]),
        ],
      },
    ),
  ],
  ssm: [
    'demo',
    serviceAccount({ name: 'demo' }),
    pod(
      {
        name: 'demo',
        annotations: {
          ...address,
          'piggysec.com/aws-ssm-parameter-path': parameterPath,
          ...inRegion,
        },
      },
      {
        serviceAccountName: 'demo',
        containers: [
          demo([
            reference,
            { name: 'TEST_LIST', value: 'piggy:TEST_LIST' },
            { name: 'TEST_PLAIN', value: 'piggy:TEST_PLAIN' },
          ]),
        ],
      },
    ),
  ],
  standalone: [
    'demo-standalone',
    serviceAccount({
      name: 'demo-standalone',
      annotations: { 'eks.amazonaws.com/role-arn': roleArn },
    }),
    pod(
      {
        name: 'demo-standalone',
        annotations: { 'piggysec.com/standalone': 'true', ...named, ...inRegion },
      },
      {
        serviceAccountName: 'demo-standalone',
        securityContext: { fsGroup: 1337 },
        containers: [{ ...demo([reference, ...role]), volumeMounts: [tokenMount] }],
        volumes: [tokenVolume],
      },
    ),
  ],
  // The README's, with the older name of the field serviceAccountName.
  readme: [
    'myapp',
    serviceAccount({ name: 'myapp', annotations: { 'eks.amazonaws.com/role-arn': roleArn } }),
    pod(
      {
        name: 'myapp',
        annotations: { ...named, ...inRegion, 'piggysec.com/standalone': 'true' },
      },
      {
        serviceAccount: 'myapp',
        containers: [
          { image, name: 'myapp', volumeMounts: [tokenMount], env: [reference, ...role] },
        ],
        volumes: [tokenVolume],
      },
    ),
  ],
};
