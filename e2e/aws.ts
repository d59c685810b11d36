// AWS in the cluster: moto, which the provider reaches by its Service, and scenarios by a port of this machine.

import { images } from './images.ts';
import { apply, type KubernetesObject, rolledOut } from './kubectl.ts';
import { addressOf, nodePorts } from './node.ts';
import { step } from './steps.ts';

const namespace = 'aws';
const named = { name: 'moto', namespace };
const labels = { 'app.kubernetes.io/name': 'moto' };

export const awsEndpoint = `http://moto.${namespace}.svc:5000`;

/** Leads an AWS SDK in the cluster to moto. */
export const awsEnvironment = {
  AWS_ENDPOINT_URL: awsEndpoint,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
} as const;

export const awsRegion = 'eu-west-1';

/** Options for a client of the AWS SDK that runs on this machine. */
export async function awsFromHere(region: string = awsRegion) {
  return {
    endpoint: `http://${await addressOf('aws')}`,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

/** Installs moto and waits until it answers; it keeps what it is told until it restarts. */
export function installAws(): Promise<void> {
  return step('Installing moto', async () => {
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await apply(awsService, deployment);
    await rolledOut('deployment/moto', namespace);
  });
}

export const awsService: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: named,
  spec: {
    type: 'NodePort',
    selector: labels,
    ports: [{ port: 5000, nodePort: nodePorts.aws }],
  },
};

const deployment: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: named,
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        // Variables of Services begin with MOTO_ here, and are no settings.
        enableServiceLinks: false,
        containers: [
          {
            name: 'moto',
            image: images.moto,
            // A share of the processors while many Pods start: AWS is not late then, either.
            resources: { requests: { cpu: '100m' } },
            readinessProbe: {
              httpGet: { path: '/moto-api/data.json', port: 5000 },
              periodSeconds: 1,
              timeoutSeconds: 10,
            },
          },
        ],
      },
    },
  },
};
