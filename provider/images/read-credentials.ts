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
import { PER_DOCKER_CONFIG } from './lookup-budget.ts';
import type { Asker } from './question-budget.ts';
import type { ImageReference } from './reference.ts';
import type { PullSecretNamespaces } from './registry-settings.ts';

export type CredentialDependencies = {
  /** undefined when there is no such Secret. */
  readonly readSecret: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<PullSecret | undefined>;
  /** Whose own pull secrets are read. */
  readonly pullSecretNamespaces: PullSecretNamespaces;
  /** Whose pull secrets authors of other namespaces may name. */
  readonly sharedPullSecretNamespaces: PullSecretNamespaces;
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

type CredentialQuestion = {
  readonly reference: ImageReference;
  readonly pullSecrets: readonly PullSecretReference[];
  readonly asker: Pick<Asker, 'namespace'>;
};

export async function readCredentials(
  dependencies: CredentialDependencies,
  question: CredentialQuestion,
  signal: AbortSignal,
): Promise<Credentials> {
  const { reference, pullSecrets } = question;
  const [secrets, ecr] = await Promise.all([
    Promise.all(
      pullSecrets.map((secret) => readPullSecret(dependencies, { secret, question }, signal)),
    ),
    fromEcr(dependencies, reference),
  ]);
  const own = [ecr, fromOwnDockerConfig(dependencies.dockerConfig(), reference)];
  // All pull secrets are one keychain, as for the kubelet: the most specific entry of any comes first.
  const configs = secrets.filter((secret) => 'config' in secret);
  const fromSecrets = selectCredentials(configs, reference);
  const unused = configs
    .filter(({ source }) => !fromSecrets.some((candidate) => candidate.source === source))
    .map((secret) => noteUnused(secret, reference));
  const notes = [...secrets, ...own].flatMap((source) => ('note' in source ? [source.note] : []));
  return {
    candidates: [...fromSecrets, ...own.flatMap(({ candidates }) => candidates), ANONYMOUSLY],
    notes: [...unused, ...notes],
  };
}

type ReadPullSecret = SourcedDockerConfig & { readonly isForeign: boolean };

async function readPullSecret(
  dependencies: CredentialDependencies,
  { secret, question }: { secret: PullSecretReference; question: CredentialQuestion },
  signal: AbortSignal,
): Promise<ReadPullSecret | { note: string }> {
  const { namespace, name } = secret;
  const { reference, asker } = question;
  const source = `pull secret ${namespace}/${name}`;
  const isForeign = namespace !== asker.namespace;
  const refusal = refuseReading(dependencies, namespace, isForeign);
  if (refusal !== undefined) return { note: `${source} was not read: ${refusal}` };
  try {
    const found = await dependencies.readSecret(namespace, name, signal);
    const config = found && parsePullSecret(found);
    if (config) return { source, config, isForeign };
    if (isForeign) return { note: nothingForeign(source, reference) };
    return { note: `${source} ${found ? 'holds no docker config' : 'does not exist'}` };
  } catch (error) {
    // The image may be readable without it; if not, the author learns why it was not tried.
    return { note: `${source} was not read: ${messageOf(error)}` };
  }
}

/** undefined where it may be read. */
function refuseReading(
  { pullSecretNamespaces, sharedPullSecretNamespaces }: CredentialDependencies,
  namespace: string,
  isForeign: boolean,
): string | undefined {
  if (isForeign) {
    return includes(sharedPullSecretNamespaces, namespace)
      ? undefined
      : `Pods of other namespaces may not use those of ${namespace} (PIGGY_SHARED_PULL_SECRET_NAMESPACES)`;
  }
  if (includes(pullSecretNamespaces, namespace)) return undefined;
  const problem =
    pullSecretNamespaces === 'none' ? 'switched off' : `not switched on for ${namespace}`;
  return `reading pull secrets is ${problem} (PIGGY_PULL_SECRET_NAMESPACES)`;
}

function includes(namespaces: PullSecretNamespaces, namespace: string): boolean {
  // A text has an includes of its own, by which 'none' would let in the namespace "one".
  return typeof namespaces === 'string' ? namespaces === 'all' : namespaces.includes(namespace);
}

// Fifty images of a Pod share what was read: its text is parsed once for them.
const parsed = new WeakMap<PullSecret, DockerConfig>();

function parsePullSecret(secret: PullSecret): DockerConfig | undefined {
  const known = parsed.get(secret);
  if (known) return known;
  const content = readPullSecretContent(secret);
  const parse = content?.format === 'dockercfg' ? parseDockercfg : parseDockerConfig;
  const config = content && parse(content.text);
  if (config) parsed.set(secret, config);
  return config;
}

function noteUnused({ source, config, isForeign }: ReadPullSecret, reference: ImageReference) {
  if (isForeign) return nothingForeign(source, reference);
  if (config.isTooLong) return tooLong(source);
  return config.namesHelper
    ? leftToHelper(source)
    : `${source} has no entry for ${reference.registry}/${reference.repository}`;
}

/** One text for all of it: who may not list the Secrets there does not learn which there are, nor what is in them. */
function nothingForeign(source: string, { registry, repository }: ImageReference): string {
  return `${source} of another namespace is missing, holds no docker config, or has no password for ${registry}/${repository}`;
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
  if (config.isTooLong) return { candidates: [], note: tooLong(source) };
  const candidates = selectCredentials([{ source, config }], reference);
  const isLeft = candidates.length === 0 && config.namesHelper;
  return isLeft ? { candidates, note: leftToHelper(source) } : { candidates };
}

/** Helpers are programs, and there is none where the provider runs. */
function leftToHelper(source: string): string {
  return `${source} leaves the password to a credential helper, which is not run; write it into its auths`;
}

function tooLong(source: string): string {
  return `${source} has more than ${PER_DOCKER_CONFIG.entries} entries, which are not read; leave those that the Pod needs`;
}

function messageOf(error: unknown): string {
  return error instanceof ProviderError
    ? error.message
    : 'an unexpected error, see the log of the provider';
}
