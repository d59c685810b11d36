// Tells when the API server and Kyverno act on our policies.

import { images } from './images.ts';
import { dryRun, kubectl, type KubernetesObject, refusalOf } from './kubectl.ts';
import { until } from './poll.ts';

export async function policiesAreInForce(): Promise<void> {
  await until('inject-secrets is in force', async () => {
    const { spec } = (await dryRun(probe({ inject: 'true' }))) as PodWithCommand;
    return spec.containers[0]?.command?.[0] === '/piggy/piggy-env' ? true : undefined;
  });
  // The API server takes over all policies at once, in the order of their creation; this one is the last.
  await until('require-injection is in force', async () => {
    const args = ['create', '--dry-run=server', '--filename', '-'];
    const refusal = await refusalOf(args, JSON.stringify(probe({ 'no-such-annotation': '' })));
    return refusal.includes('piggysec.com/no-such-annotation does not exist') ? true : undefined;
  });
}

/** After it was deleted. */
export function injectionIsGone(): Promise<true> {
  return until('no webhook is left of inject-secrets', async () => {
    const webhooks = await kubectl(['get', 'mutatingwebhookconfigurations', '--output=json']);
    return webhooks.includes('inject-secrets') ? undefined : true;
  });
}

/** After all of them were deleted. */
export async function policiesAreGone(): Promise<void> {
  await injectionIsGone();
  await until('a Pod that opts in is admitted as it is', async () => {
    const { spec } = (await dryRun(probe({ inject: 'true' }))) as PodWithCommand;
    return spec.containers[0]?.command?.[0] === 'true' ? true : undefined;
  });
}

type PodWithCommand = {
  readonly spec: { readonly containers: readonly { readonly command?: readonly string[] }[] };
};

function probe(annotations: Readonly<Record<string, string>>): KubernetesObject {
  const prefixed = Object.entries(annotations).map(([name, value]) => [
    `piggysec.com/${name}`,
    value,
  ]);
  const env = [{ name: 'PROBE', value: 'piggy:PROBE' }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'probe',
      namespace: 'default',
      annotations: Object.fromEntries(prefixed) as Record<string, string>,
    },
    spec: { containers: [{ name: 'probe', image: images.busybox, command: ['true'], env }] },
  };
}
