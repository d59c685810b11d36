// The first half of the demo: what admission makes of the Pod.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { mutatePods, validatePods, type Pod } from '../tools/kyverno-cli.ts';
import { containerOf } from './kubelet.ts';
import type { Show } from './show.ts';
import type { StandIns } from './stand-ins.ts';

const policies = join(import.meta.dirname, '..', 'policies');

/** What Kyverno makes of the Pod with the policies as shipped, and nobody else has to say against it. */
export async function admitByKyverno(
  cli: string,
  { pod: original, standIns, show }: { pod: Pod; standIns: StandIns; show: Show },
): Promise<Pod> {
  const [outcome] = await mutatePods(cli, {
    policy: join(policies, 'inject-secrets.yaml'),
    pods: [original],
    cluster: standIns.cluster,
  });
  if (outcome === undefined || 'error' in outcome) throw new Error(outcome?.error);
  const refused = await validatePods(cli, {
    policy: join(policies, 'require-injection.yaml'),
    pods: [original, { ...outcome.pod, metadata: { ...outcome.pod.metadata, name: 'injected' } }],
  });
  const isChanged = !isDeepStrictEqual(outcome.pod['spec'], original['spec']);
  show.claim('Kyverno mutated the Pod', isChanged, outcome);
  show.claim('require-injection would refuse it un-mutated', refused[0] !== undefined, refused[0]);
  if (refused[0] !== undefined) show.note(refused[0]);
  show.claim('and lets it pass now', refused[1] === undefined, refused[1]);
  return outcome.pod;
}

/** The same Pod as the policy tests expect it, with what differs from run to run put in. */
export function readGoldenPod({ cluster }: StandIns, show: Show): Pod {
  show.note(
    'Without Kyverno: this is the Pod that the policy tests compare with (policies/cases/first-secret).',
  );
  const text = readFileSync(join(policies, 'cases', 'first-secret', 'mutated.yaml'), 'utf8');
  const named = text.replaceAll('uid-1', `a${randomBytes(16).toString('hex').slice(1)}`);
  const pod = parse(
    named.replaceAll('mark-1', `a${randomBytes(4).toString('hex').slice(1)}`),
  ) as Pod;
  const values: Record<string, string | undefined> = {
    PIGGY_ADDRESS: cluster.settings['PIGGY_ADDRESS'],
    PIGGY_CA: cluster.ca,
  };
  return JSON.parse(JSON.stringify(pod), (_, value: unknown) => {
    const { name } = (value ?? {}) as { name?: string };
    return name !== undefined && name in values ? { name, value: values[name] } : value;
  }) as Pod;
}

export function showMutation(
  show: Show,
  { original, pod, password }: { original: Pod; pod: Pod; password: string },
): void {
  // The certificate would fill the screen.
  const shown = (it: Pod) =>
    stringify(it, { lineWidth: 0 }).replaceAll(/(-----BEGIN [A-Z]+-----)[^-]+/g, '$1 … ');
  show.diff(shown(inOneOrder(original)), shown(inOneOrder(pod)));
  const { command, args } = containerOf(pod);
  show.claim(
    'the container starts through the launcher, with what its image runs',
    command[0] === '/piggy/piggy-env' && args.join(' ') === '-- shop-api serve',
    [command, args],
  );
  show.claim('no secret value is in the Pod', !JSON.stringify(pod).includes(password), pod);
}

/** Kyverno sorts the keys of objects; the original follows, so that the diff shows only what changed. */
function inOneOrder(pod: Pod): Pod {
  return JSON.parse(JSON.stringify(pod), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  ) as Pod;
}
