// All in which native/inject-secrets differs from inject-secrets, as changes of a golden Pod of cases/ (decision 37).

import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import type { Pod } from '../../tools/kyverno-cli.ts';

/** Containers whose image Kyverno asks the provider about, by case: here the author has to say what they run. */
export const withoutCommand: Readonly<Record<string, readonly string[]>> = {
  'architecture-by-affinity': ['app'],
  'architecture-by-node-selector': ['app'],
  'args-only': ['app'],
  'dollars-in-image-text': ['app', 'with-args'],
  'first-secret': ['app'],
  'image-not-found': ['app'],
  'image-that-is-never-pulled': ['app'],
  'image-without-entrypoint-and-cmd': ['app'],
  'init-containers-and-sidecar': ['migrate', 'proxy', 'app'],
  'neither-command-nor-args': ['app'],
  'only-aws-region': ['app'],
  'only-inject': ['app'],
  'platforms-disagree': ['app'],
  'private-image': ['app'],
  'pull-secrets-without-a-name': ['app'],
  standalone: ['app'],
};

export function refusalWithoutCommand(pod: Pod, names: readonly string[]): string {
  const mistakes = names.map((name) => {
    const { image = '' } = containerOf(pod, name);
    return `image ${image}: container ${name} does not say what it runs, and the API server asks no registry; set command`;
  });
  return `piggy: ${mistakes.join('; ')}`;
}

/** The Pod as if its author had written the command that the golden Pod runs. */
export function withCommands(pod: Pod, golden: Pod, names: readonly string[]): Pod {
  return mapContainers(pod, (container) => {
    if (!names.includes(container.name)) return container;
    const [separator, ...argv] = containerOf(golden, container.name).args ?? [];
    assert.equal(separator, '--');
    return { ...container, args: [], command: argv.map((text) => text.replaceAll('$$', '$')) };
  });
}

/** What is to become of the Pod whose golden Pod this is. `mark` is the one of the settings. */
export function expectNative(golden: Pod, original: Pod, mark: string): Pod {
  const annotations = Object.fromEntries(
    Object.entries(annotationsOf(golden)).filter(([name]) => name !== 'piggysec.com/piggy-uid'),
  );
  const marked = JSON.parse(JSON.stringify(golden).replaceAll('mark-1', mark)) as Pod;
  const wrapped = namesOf(marked).filter(
    (name) => isWrapped(marked, name) && !isWrapped(original, name),
  );
  const named = mapContainers(
    { ...marked, metadata: { ...marked.metadata, annotations } },
    (one) => {
      if (wrapped.includes(one.name)) return goByItsName(one, wrapped);
      return isWrapped(original, one.name) ? containerOf(original, one.name) : one;
    },
  );
  return withTokensOf(named, original, wrapped);
}

/** A token, too: the provider answers the container by its own only. */
function goByItsName(container: Container, wrapped: readonly string[]): Container {
  const { name, env = [], volumeMounts = [] } = container;
  const token = `piggy-token-${wrapped.indexOf(name)}`;
  return {
    ...container,
    env: env.map((one) => (one.name === 'PIGGY_UID' ? { ...one, value: name } : one)),
    volumeMounts: volumeMounts.map((one) =>
      one.name === 'piggy-token' ? { ...one, name: token } : one,
    ),
  };
}

/** A volume for each token, in place of one for all; one that was there stays where it was. */
function withTokensOf(pod: Pod, original: Pod, wrapped: readonly string[]): Pod {
  const { volumes = [], ...spec } = pod['spec'] as Spec;
  const isToken = ({ name }: Named) => name === 'piggy-token';
  const found = volumes.find(isToken);
  if (found === undefined) return pod;
  const former = ((original['spec'] as Spec).volumes ?? []).filter(isToken);
  const others = volumes.filter((one) => !isToken(one));
  const tokens = wrapped.map((name, i): Named => {
    const text = JSON.stringify(found).replace('"piggysec.com"', `"piggysec.com/${name}"`);
    return { ...(JSON.parse(text) as Named), name: `piggy-token-${i}` };
  });
  return { ...pod, spec: { ...spec, volumes: [...former, ...others, ...tokens] } };
}

type Named = { readonly name: string };
type Spec = Readonly<Record<string, unknown>> & {
  readonly volumes?: readonly Named[];
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
};
type Container = Named & {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly (Named & { readonly value?: string })[];
  readonly volumeMounts?: readonly Named[];
};

function containersOf(pod: Pod): readonly Container[] {
  const { initContainers = [], containers = [] } = pod['spec'] as Spec;
  return [...initContainers, ...containers];
}

function namesOf(pod: Pod): string[] {
  return containersOf(pod).map(({ name }) => name);
}

function containerOf(pod: Pod, name: string): Container {
  return containersOf(pod).find((one) => one.name === name) ?? assert.fail(stringify(pod));
}

function isWrapped(pod: Pod, name: string): boolean {
  const found = containersOf(pod).find((one) => one.name === name);
  return found?.command?.join() === '/piggy/piggy-env';
}

function mapContainers(pod: Pod, change: (container: Container) => Container): Pod {
  const { initContainers, containers, ...spec } = pod['spec'] as Spec;
  const changed = {
    ...(initContainers && { initContainers: initContainers.map(change) }),
    ...(containers && { containers: containers.map(change) }),
  };
  return { ...pod, spec: { ...spec, ...changed } };
}

function annotationsOf({ metadata }: Pod): Readonly<Record<string, unknown>> {
  return { ...(metadata['annotations'] as object | undefined) };
}
