// What is known of scenarios before they run: which may run at once, and what of Kubernetes they need or depend on.

import { globSync } from 'node:fs';
import { basename, join } from 'node:path';

export type Traits = {
  /** It neither changes the installation nor counts what it does, so it may run beside others. Every other one runs alone. */
  readonly harmless?: true;
  /** It begins by installing Piggy as it needs it, whatever it finds, and leaves it so. Every other one finds and leaves it as a run installs it. */
  readonly installs?: true;
  /** What of Kubernetes its promise rests on that is not the same in all versions. */
  readonly dependsOn?: string;
  /** The oldest Kubernetes that has what it is about. */
  readonly since?: string;
};

/** A scenario that is not listed runs alone, on every version. */
const traits: Readonly<Record<string, Traits>> = {
  'accepted-pods-stay-accepted': {
    harmless: true,
    dependsOn: 'which Pods the API server accepts, and CEL in admission policies',
  },
  'admission-fails-closed': { dependsOn: 'match conditions and failures of webhooks' },
  'any-image-any-security': {
    harmless: true,
    dependsOn: 'Pod Security, and what the kubelet runs',
  },
  'asked-again-is-refused': {
    harmless: true,
    dependsOn: 'container status in every state, tokens bound to Pods, ephemeral containers',
  },
  'doctor-names-what-is-wrong': { installs: true },
  'environment-means-what-kubernetes-says': {
    harmless: true,
    dependsOn: 'how the kubelet makes an environment',
  },
  'every-kind-of-container': { harmless: true, dependsOn: 'sidecars, and how containers restart' },
  'every-secret-source': { harmless: true },
  'examples-work': { installs: true },
  'former-demo-set-works': { installs: true },
  'injected-pod-stays-as-admitted': { harmless: true, dependsOn: 'CEL in admission policies' },
  'launcher-comes-as-a-volume': { installs: true, dependsOn: 'image volumes', since: '1.35' },
  'many-pods-one-call': { installs: true },
  'newcomer-gets-to-the-first-secret': { installs: true },
  'pod-that-was-not-injected-is-refused': { dependsOn: 'CEL in admission policies' },
  'pods-that-did-not-opt-in': { dependsOn: 'match conditions of webhooks' },
  'private-images-are-looked-up': { installs: true },
  'renewed-keys-fail-no-start': { installs: true },
  'secret-names-its-readers': { harmless: true },
  'uids-come-from-the-namespace': {
    installs: true,
    dependsOn: 'MutatingAdmissionPolicy, of which the stand-in for OpenShift is made',
    since: '1.36',
  },
  'values-reach-the-application': { harmless: true },
  'without-a-policy-engine': {
    installs: true,
    dependsOn: 'MutatingAdmissionPolicy, and tokens of several audiences',
    since: '1.36',
  },
};

export function traitsOf(scenario: string): Traits {
  return traits[scenario] ?? {};
}

/** The names of all, which are those of their files. Throws where one is listed that does not exist. */
export function allScenarios(): readonly string[] {
  const files = globSync(join(import.meta.dirname, 'scenarios/*.test.ts'));
  const names = files.map((file) => basename(file, '.test.ts')).sort();
  assertKnown(Object.keys(traits), names);
  return names;
}

export function fileOf(scenario: string): string {
  return join(import.meta.dirname, 'scenarios', `${scenario}.test.ts`);
}

export function assertKnown(wanted: readonly string[], names: readonly string[]): void {
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${names.join(', ')}`);
}
