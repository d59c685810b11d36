// Gathers the credentials to try for an image: the Pod's pull secrets, the provider's own, nobody's.

import { ProviderError } from '../errors.ts';
import {
  readPullSecretContent,
  type PullSecret,
  type PullSecretReference,
} from '../kubernetes/pull-secrets.ts';
import { parseDockercfg, parseDockerConfig, type DockerConfig } from './docker-config.ts';
import type { EcrCredentials } from './ecr-client.ts';
import {
  ANONYMOUSLY,
  selectCredentials,
  type CredentialCandidate,
  type SourcedDockerConfig,
} from './keychain.ts';
import type { ImageReference } from './reference.ts';
import type { PullSecretNamespaces } from './registry-settings.ts';

export type CredentialDependencies = {
  /** undefined when there is no such Secret. */
  readonly readSecret: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<PullSecret | undefined>;
  readonly pullSecretNamespaces: PullSecretNamespaces;
  /** The provider's own one, of this moment; undefined when it has none. */
  readonly dockerConfig: () => DockerConfig | 'unreadable' | undefined;
  /** undefined when the provider has no AWS identity. */
  readonly ecr: EcrCredentials | undefined;
};

/** In the order to try; `notes` say what could not be used and why, for the message when all of them fail. */
export type Credentials = {
  readonly candidates: readonly CredentialCandidate[];
  readonly notes: readonly string[];
};

type Source = { readonly candidates: readonly CredentialCandidate[]; readonly note?: string };

export async function readCredentials(
  dependencies: CredentialDependencies,
  {
    reference,
    pullSecrets,
  }: { reference: ImageReference; pullSecrets: readonly PullSecretReference[] },
  signal: AbortSignal,
): Promise<Credentials> {
  const [secrets, ecr] = await Promise.all([
    Promise.all(pullSecrets.map((secret) => readPullSecret(dependencies, secret, signal))),
    fromEcr(dependencies, reference),
  ]);
  const own = [ecr, fromOwnDockerConfig(dependencies.dockerConfig(), reference)];
  // All pull secrets are one keychain, as for the kubelet: the most specific entry of any comes first.
  const configs = secrets.filter((secret) => 'config' in secret);
  const fromSecrets = selectCredentials(configs, reference);
  const unused = configs
    .filter(({ source }) => !fromSecrets.some((candidate) => candidate.source === source))
    .map(({ source, config }) =>
      config.namesHelper
        ? leftToHelper(source)
        : `${source} has no entry for ${reference.registry}/${reference.repository}`,
    );
  const notes = [...secrets, ...own].flatMap((source) => ('note' in source ? [source.note] : []));
  return {
    candidates: [...fromSecrets, ...own.flatMap(({ candidates }) => candidates), ANONYMOUSLY],
    notes: [...unused, ...notes],
  };
}

async function readPullSecret(
  { readSecret, pullSecretNamespaces }: CredentialDependencies,
  { namespace, name }: PullSecretReference,
  signal: AbortSignal,
): Promise<SourcedDockerConfig | { note: string }> {
  const source = `pull secret ${namespace}/${name}`;
  if (!mayRead(pullSecretNamespaces, namespace)) {
    const problem =
      pullSecretNamespaces === 'none' ? 'switched off' : `not switched on for ${namespace}`;
    return {
      note: `${source} was not read: reading pull secrets is ${problem} (PIGGY_PULL_SECRET_NAMESPACES)`,
    };
  }
  try {
    const secret = await readSecret(namespace, name, signal);
    if (!secret) return { note: `${source} does not exist` };
    const content = readPullSecretContent(secret);
    const parse = content?.format === 'dockercfg' ? parseDockercfg : parseDockerConfig;
    const config = content && parse(content.text);
    return config ? { source, config } : { note: `${source} holds no docker config` };
  } catch (error) {
    // The image may be readable without it; if not, the author learns why it was not tried.
    return { note: `${source} was not read: ${messageOf(error)}` };
  }
}

function mayRead(namespaces: PullSecretNamespaces, namespace: string): boolean {
  // A text has an includes of its own, by which 'none' would let in the namespace "one".
  return typeof namespaces === 'string' ? namespaces === 'all' : namespaces.includes(namespace);
}

async function fromEcr(
  { ecr }: CredentialDependencies,
  { registry }: ImageReference,
): Promise<Source> {
  try {
    const credential = await ecr?.read(registry);
    if (!ecr || !credential) return { candidates: [] };
    const renew = () => ecr.renew(registry, credential);
    return { candidates: [{ source: "the provider's ECR identity", credential, renew }] };
  } catch (error) {
    return { candidates: [], note: messageOf(error) };
  }
}

function fromOwnDockerConfig(
  config: DockerConfig | 'unreadable' | undefined,
  reference: ImageReference,
): Source {
  const source = "the provider's docker config";
  if (!config) return { candidates: [] };
  if (config === 'unreadable') {
    return { candidates: [], note: `${source} is unreadable (PIGGY_DOCKER_CONFIG_FILE)` };
  }
  const candidates = selectCredentials([{ source, config }], reference);
  const isLeft = candidates.length === 0 && config.namesHelper;
  return isLeft ? { candidates, note: leftToHelper(source) } : { candidates };
}

/** Helpers are programs, and there is none where the provider runs. */
function leftToHelper(source: string): string {
  return `${source} leaves the password to a credential helper, which is not run; write it into its auths`;
}

function messageOf(error: unknown): string {
  return error instanceof ProviderError
    ? error.message
    : 'an unexpected error, see the log of the provider';
}
