// Resolves an image to the credentials to try, by the kubelet's rules
// (kubernetes/pkg/credentialprovider/keyring.go).

import { ANONYMOUS, type Credential } from './credential.ts';
import type { DockerConfig } from './docker-config.ts';
import { matchesHostGlob } from './host-glob.ts';
import type { ImageReference } from './reference.ts';

/** `source` names where the credential comes from, for messages: `pull secret shop/regcred`. */
export type CredentialCandidate = {
  readonly source: string;
  readonly credential: Credential;
  /** Asked once when the registry refuses the credential; undefined when there is no newer one. */
  readonly renew?: () => Promise<Credential | undefined>;
};

export type SourcedDockerConfig = { readonly source: string; readonly config: DockerConfig };

type Entry = {
  readonly source: string;
  readonly credential: Credential;
  readonly host: string;
  readonly path: string;
};

export const ANONYMOUS_SOURCE = 'anonymous';

export const ANONYMOUSLY: CredentialCandidate = {
  source: ANONYMOUS_SOURCE,
  credential: ANONYMOUS,
};

// What the key of Docker Hub in every docker config, https://index.docker.io/v1/, comes down to.
const DOCKER_HUB_KEY = 'index.docker.io';

/** All that match, the most specific first; to be tried in turn. */
export function selectCredentials(
  configs: readonly SourcedDockerConfig[],
  { registry, repository }: ImageReference,
): readonly CredentialCandidate[] {
  const entries = configs.flatMap(({ source, config }) =>
    config.entries.flatMap(({ key, credential }) => {
      const location = parseKey(key);
      return location ? [{ ...location, source, credential }] : [];
    }),
  );
  const matching = entries.filter(
    ({ host, path }) => matchesHostGlob(host, registry) && `/${repository}`.startsWith(path),
  );
  const chosen =
    matching.length > 0 || registry !== 'docker.io'
      ? sortBySpecificity(matching)
      : entries.filter(({ host, path }) => host + path === DOCKER_HUB_KEY);
  return chosen.map(({ source, credential }) => ({ source, credential }));
}

/** Host and path of a key; undefined where it is no URL. */
function parseKey(key: string): { host: string; path: string } | undefined {
  // Not by URL: it refuses the globs, and writes hosts differently from how images name them.
  const parts = /^(?:https?:\/\/)?(?<host>[^/?#@\s]+)(?<path>\/[^?#]*)?(?:[?#].*)?$/s.exec(
    key,
  )?.groups;
  if (!parts) return undefined;
  const { host = '', path = '' } = parts;
  const effectivePath = path.replace(/^\/v[12]\//, '/');
  return { host, path: effectivePath === '/' ? '' : effectivePath };
}

/** Reverse byte order, as the kubelet sorts: a longer key before what it begins with. Equal keys keep their order. */
function sortBySpecificity(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((one, other) => {
    const [oneKey, otherKey] = [one.host + one.path, other.host + other.path];
    if (oneKey === otherKey) return 0;
    return oneKey < otherKey ? 1 : -1;
  });
}
