// Lets the rules of OpenShift's SCC restricted-v2 hold in namespaces: a stand-in for OpenShift, which cannot be run here.

import { join } from 'node:path';
import { kubectl, refusalOf } from './kubectl.ts';
import { podOf, telling } from './pods.ts';
import { until } from './poll.ts';

const policies = join(import.meta.dirname, 'stand-ins/restricted-v2.yaml');
const label = 'e2e-scc';
const annotation = 'openshift.io/sa.scc.uid-range';

/** That of a namespace as OpenShift makes it. */
export const firstUid = 1_000_660_000;
const range = `${firstUid}/10000`;

/** Returns when the rules are in force there. */
export async function enforceRestrictedV2(...namespaces: readonly string[]): Promise<void> {
  await kubectl(['apply', '--server-side', '--filename', policies]);
  for (const namespace of namespaces) {
    await kubectl(['annotate', '--overwrite', 'namespace', namespace, `${annotation}=${range}`]);
    await kubectl(['label', '--overwrite', 'namespace', namespace, `${label}=restricted-v2`]);
  }
  for (const namespace of namespaces) {
    await until(`the rules are in force in ${namespace}`, () => refusesOtherUids(namespace));
  }
}

/** Everywhere. */
export async function liftRestrictedV2(): Promise<void> {
  await kubectl(['label', 'namespaces', '--all', `${label}-`]);
  await kubectl(['annotate', 'namespaces', '--all', `${annotation}-`]);
}

export async function removeRestrictedV2(): Promise<void> {
  await liftRestrictedV2();
  await kubectl(['delete', '--filename', policies]);
}

async function refusesOtherUids(namespace: string): Promise<true | undefined> {
  const app = { ...telling('app', {}), securityContext: { runAsUser: 65_532 } };
  const pod = podOf({ name: 'probe', namespace, spec: { containers: [app] } });
  const args = ['create', '--dry-run=server', '--filename', '-'];
  const refusal = await refusalOf(args, JSON.stringify(pod));
  return refusal.includes(`runAsUser 65532 must be in the range ${range}`) ? true : undefined;
}
