// The process that stands in for what the provider asks (Kubernetes API, AWS, a registry), and for a provider that answers
// without any work: the least that a request over TLS costs here. Counts what it was asked.

import { startAws } from '../provider/testing/aws.ts';
import type { AwsParameter } from '../provider/testing/aws-parameters.ts';
import { startKubernetesApi } from '../provider/testing/kubernetes-api.ts';
import { startRegistry } from '../provider/testing/registry.ts';
import { createWorstQuestion, type WorstKind } from '../provider/testing/worst-questions.ts';
import { startCannedServer } from './canned-server.ts';
import { runningPod } from './running-pod.ts';
import { serve } from './remote.ts';

export type Launch = { readonly token: string; readonly uid: string };

export type LaunchesQuestion = {
  readonly count: number;
  /** Of the container of each. */
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
};

export type Calls = {
  readonly tokenReviews: number;
  readonly pods: number;
  /** With which the cluster signs tokens. */
  readonly signingKeys: number;
  readonly otherKubernetes: number;
  readonly aws: number;
  readonly registry: number;
};

const [kubernetes, aws, registry] = await Promise.all([
  startKubernetesApi(),
  startAws(),
  startRegistry(),
]);
const canned = await startCannedServer();
let podsMade = 0;

const methods = {
  describe: () => ({
    kubernetes: {
      url: kubernetes.url,
      ca: kubernetes.ca,
      providerToken: kubernetes.providerToken,
    },
    awsUrl: aws.url,
    registryHost: registry.host,
    canned: { url: canned.url, ca: canned.ca },
  }),
  putSecrets: (secrets: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(secrets)) aws.putSecret(name, text);
  },
  putParameters: (parameters: readonly AwsParameter[]) => {
    for (const parameter of parameters) aws.putParameter(parameter);
  },
  delayAws: (delayMs: number) => {
    aws.delay(delayMs);
  },
  failAws: (isFailing: boolean) => {
    aws.failWith(isFailing ? { status: 500, type: 'InternalServiceError' } : undefined);
  },
  /** Each is a Pod of its own whose container has just started: a start is answered once. */
  prepareLaunches: ({ count, env, args }: LaunchesQuestion): Launch[] =>
    Array.from({ length: count }, () => {
      const { uid, pod } = runningPod({
        name: `app-${(podsMade += 1)}`,
        env,
        args,
      });
      kubernetes.putPod(pod);
      const { name, uid: podUid } = pod.metadata;
      const bound = { name, uid: podUid };
      const token = kubernetes.mintToken({ namespace: 'shop', serviceAccount: 'api', pod: bound });
      return { token, uid };
    }),
  addImages: (names: readonly string[]) => {
    for (const name of names) {
      registry.addImage(name, 'v1', { entrypoint: [`/${name}`], cmd: ['serve'] });
    }
  },
  createWorstQuestion: ({ kind, namespace }: { kind: WorstKind; namespace: string }) =>
    createWorstQuestion({ registry, kubernetes }, kind, namespace),
  cannedAnswer: (text: string) => {
    canned.answerWith(text);
  },
  /** Since the last time. */
  takeCalls: (): Calls => {
    const asked = kubernetes.requests.splice(0);
    const tokenReviews = asked.filter((line) => line.endsWith('/tokenreviews')).length;
    const pods = asked.filter((line) => /^GET \S+\/pods\//.test(line)).length;
    const signingKeys = asked.filter((line) => line.endsWith('/openid/v1/jwks')).length;
    return {
      tokenReviews,
      pods,
      signingKeys,
      otherKubernetes: asked.length - tokenReviews - pods - signingKeys,
      aws: aws.requests.splice(0).length,
      registry: registry.requests.splice(0).length,
    };
  },
};

export type StandInMethods = typeof methods;

serve(methods, async () => {
  await Promise.all([kubernetes.stop(), aws.stop(), registry.close(), canned.stop()]);
});
