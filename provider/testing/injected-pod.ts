// A Pod as it stands in the API server after admission wrapped its one container, for tests of what happens next.

import { randomBytes, randomUUID } from 'node:crypto';
import type { KubernetesObject } from './kubernetes-api.ts';

export type InjectedPodOptions = {
  readonly namespace?: string;
  readonly name?: string;
  readonly podUid?: string;
  readonly serviceAccount?: string;
  /** What admission wrote as PIGGY_UID. */
  readonly uid?: string;
  /** As in the spec: what the launcher receives, doubled where the kubelet would expand it. */
  readonly args?: readonly string[];
  /** The author's variables and settings, literal. */
  readonly env?: Readonly<Record<string, string>>;
  readonly startedAt?: Date;
  /** Merged over the container, its status, the Pod's spec and its status. */
  readonly container?: object;
  readonly containerStatus?: object;
  readonly spec?: object;
  readonly status?: object;
  readonly metadata?: object;
};

export type InjectedPod = {
  readonly uid: string;
  readonly pod: KubernetesObject & { readonly metadata: { readonly uid: string } };
};

export function injectedPod(options: InjectedPodOptions = {}): InjectedPod {
  const { namespace = 'shop', name = 'api-0', serviceAccount = 'api' } = options;
  const { podUid = randomUUID(), uid = randomBytes(16).toString('hex') } = options;
  const { args = ['/app', 'serve'], env = {}, startedAt = new Date() } = options;
  const container = {
    name: 'app',
    image: 'ghcr.io/shop/api:v1',
    command: ['/piggy/piggy-env'],
    args: ['--', ...args],
    env: Object.entries({ ...env, PIGGY_UID: uid }).map(([name, value]) => ({ name, value })),
    ...options.container,
  };
  const containerStatus = {
    name: 'app',
    restartCount: 0,
    state: { running: { startedAt: startedAt.toISOString() } },
    ...options.containerStatus,
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, uid: podUid, ...options.metadata },
    spec: { serviceAccountName: serviceAccount, containers: [container], ...options.spec },
    status: { phase: 'Running', containerStatuses: [containerStatus], ...options.status },
  };
  return { uid, pod };
}
