// The versions of Kubernetes that the tests run with, one of each minor version, and their programs. What is pinned in
// tools/go/kubernetes/<minor version>.mod decides which there are; tools/pin-kubernetes.ts writes it.

import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { builtGoTool, goModuleFolder } from './go-tools.ts';

const module = 'kubernetes';
export const kubernetesFolder = join(import.meta.dirname, 'go', module);

export type KubernetesVersion = {
  /** 1.37 */
  readonly minor: string;
  /** v1.37.2 */
  readonly patch: string;
};

/** From the oldest to the newest. */
export function kubernetesVersions(): readonly KubernetesVersion[] {
  const files = globSync('1.*.mod', { cwd: kubernetesFolder });
  const minors = files.map((file) => basename(file, '.mod'));
  const sorted = minors.sort((one, other) => (isOlder(one, other) ? -1 : 1));
  return sorted.map((minor) => ({ minor, patch: pinnedPatch(minor) }));
}

export function oldestKubernetes(): KubernetesVersion {
  return existing(kubernetesVersions()[0]);
}

export function newestKubernetes(): KubernetesVersion {
  return existing(kubernetesVersions().at(-1));
}

/** Throws which ones there are where it is none of them. */
export function findKubernetes(minor: string): KubernetesVersion {
  const all = kubernetesVersions();
  const found = all.find((version) => version.minor === minor);
  if (found !== undefined) return found;
  const minors = all.map((version) => version.minor).join(', ');
  throw new Error(`Kubernetes ${minor} is not one of those to test with: ${minors}`);
}

/** Of minor versions such as 1.9 and 1.30. */
export function isOlder(minor: string, than: string): boolean {
  return numberOf(minor) < numberOf(than);
}

/** All programs of Kubernetes in one, by the name that it is called by. */
export function kubernetesProgram(
  { minor, patch }: KubernetesVersion,
  say: (line: string) => void,
): Promise<string> {
  const program = {
    module,
    modfile: `${minor}.mod`,
    package: './kube',
    ldflags: `-s -w ${stamps(patch)}`,
    takes: 'this takes 4 to 11 minutes, once',
  };
  return builtGoTool(`kubernetes-${minor}`, program, say);
}

/** The code by which the kubelet makes env, command and args. The two have what they begin from in common with kubernetesProgram. */
export function kubeletCode(
  which: 'oldest' | 'newest',
  say: (line: string) => void,
): Promise<string> {
  const { minor } = which === 'oldest' ? oldestKubernetes() : newestKubernetes();
  const program = {
    module,
    modfile: `${minor}.mod`,
    package: './kubelet',
    tags: [which],
    ldflags: '-s -w',
    takes: 'this takes 3 to 6 minutes, once',
  };
  return builtGoTool(`kubelet-${minor}`, program, say);
}

/** The folder of its source. */
export function kubernetesSource({ minor }: KubernetesVersion): Promise<string> {
  return goModuleFolder(module, 'k8s.io/kubernetes', `${minor}.mod`);
}

/** kubeadm, kubelet and their servers compare versions with each other, and refuse to go without one. */
function stamps(patch: string): string {
  const [major = '', minor = ''] = patch.slice(1).split('.');
  const values = {
    gitVersion: patch,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
  };
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
    .flatMap((path) => Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`))
    .join(' ');
}

function pinnedPatch(minor: string): string {
  const text = readFileSync(join(kubernetesFolder, `${minor}.mod`), 'utf8');
  const patch = /\bk8s\.io\/kubernetes (v1\.\d+\.\d+)$/m.exec(text)?.[1];
  if (patch?.startsWith(`v${minor}.`) === true) return patch;
  throw new Error(`${minor}.mod requires no k8s.io/kubernetes v${minor}`);
}

function numberOf(minor: string): number {
  return Number(minor.split('.')[1]);
}

function existing(version: KubernetesVersion | undefined): KubernetesVersion {
  if (version === undefined) throw new Error(`${kubernetesFolder} holds no <minor version>.mod`);
  return version;
}
