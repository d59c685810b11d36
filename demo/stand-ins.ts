// What the demo has in place of a cluster, of AWS and of a registry: servers on loopback, and the real provider among them.

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAws } from '../provider/testing/aws.ts';
import { startKubernetesApi } from '../provider/testing/kubernetes-api.ts';
import { installProvider } from '../provider/testing/provider-installation.ts';
import { startProvider } from '../provider/testing/provider-process.ts';
import { startRegistry } from '../provider/testing/registry.ts';
import type { Cluster, Pod } from '../tools/kyverno-cli.ts';

const region = 'eu-west-1';

export type StandIns = Awaited<ReturnType<typeof startStandIns>>;

export async function startStandIns() {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-demo-'));
  const [registry, aws, kubernetes] = await Promise.all([
    startRegistry(),
    startAws(),
    startKubernetesApi(),
  ]);
  registry.addImage('shop/api', 'v1', { entrypoint: ['shop-api'], cmd: ['serve'] });
  const password = `canary-${randomBytes(8).toString('hex')}`;
  aws.putSecret('shop/api', JSON.stringify({ DB_PASSWORD: password, db: { port: 5432 } }));
  const installation = await installProvider({ kubernetes });
  const provider = await startProvider({
    ...installation.env,
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'demo',
    AWS_SECRET_ACCESS_KEY: 'demo',
    PIGGY_REGISTRY_MIRRORS: `registry.example=${registry.host}`,
    PIGGY_REGISTRY_PLAIN_HTTP: registry.host,
    PIGGY_REGISTRY_LOOPBACK_HOSTS: registry.host,
  });
  return {
    folder,
    password,
    provider,
    cluster: {
      settings: {
        PIGGY_ADDRESS: provider.launchUrl,
        PIGGY_LOOKUP_ADDRESS: provider.lookupUrl,
        PIGGY_ENV_IMAGE: 'ghcr.io/example/piggy-env:v1',
        AWS_REGION: region,
      },
      ca: installation.ca,
      admissionKey: installation.admissionKey,
    } satisfies Cluster,
    /** The Pod exists and its container has just been started; returns the token that the kubelet would mount. */
    schedule: (pod: Pod): string => {
      const uid = randomUUID();
      const spec = pod['spec'] as { serviceAccountName: string; containers: { name: string }[] };
      const metadata = { ...pod.metadata, namespace: 'shop', uid };
      const state = { running: { startedAt: new Date().toISOString() } };
      const containerStatuses = spec.containers.map(({ name }) => ({
        name,
        restartCount: 0,
        state,
      }));
      const status = { phase: 'Running', containerStatuses };
      const scheduled = { ...pod, metadata, status };
      kubernetes.putPod(scheduled);
      const bound = { name: pod.metadata.name, uid };
      return kubernetes.mintToken({
        namespace: 'shop',
        serviceAccount: spec.serviceAccountName,
        pod: bound,
      });
    },
    stop: async (): Promise<number> => {
      const code = await provider.stop();
      await Promise.all([registry.close(), aws.stop(), kubernetes.stop()]);
      installation.remove();
      rmSync(folder, { recursive: true });
      return code;
    },
  };
}
