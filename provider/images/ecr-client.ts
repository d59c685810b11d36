// Gets ECR passwords with the provider's own AWS identity, one for each region, renewed at half of their life.

import type { AuthorizationData, ECRClientConfig } from '@aws-sdk/client-ecr';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';
import { ProviderError } from '../errors.ts';
import { credentialKey, type Credential } from './credential.ts';
import { parseEcrHost, type EcrEndpoint } from './ecr-host.ts';

export type EcrCredentials = {
  /** undefined when the registry is not ECR. Throws `registry_denied` when AWS gives no password. */
  readonly read: (registry: string) => Promise<Credential | undefined>;
  /** In place of one that the registry refused; undefined when there is no newer one. Throws as `read`. */
  readonly renew: (registry: string, refused: Credential) => Promise<Credential | undefined>;
};

type AwsCredentials = NonNullable<ECRClientConfig['credentials']>;

type Password = { readonly credential: Credential; readonly expiresAt: number };

type Kept = {
  readonly password: Promise<Password>;
  readonly askedAt: number;
  /** undefined until AWS has given one. */
  given: Password | undefined;
  renewAt: number;
};

type EcrDependencies = {
  /** Shared by all AWS clients. */
  readonly credentials: AwsCredentials;
  readonly now: () => number;
  readonly timeoutMs: number;
  /** Within the lookups' share: authors choose the region, which becomes a host name. */
  readonly lookup: LookupFunction;
};

// Pods' authors write the region, so there could be as many as they like.
const MAX_REGIONS = 100;
// Not every lookup shall learn anew that AWS gives nothing.
const FAILURE_MS = 30_000;
// A password younger than this is refused for another reason than its age.
const YOUNG_MS = 60_000;

/** One password opens all registries of a region that the identity may read, so accounts do not matter. */
export function createEcrCredentials(dependencies: EcrDependencies): EcrCredentials {
  const { now } = dependencies;
  const kept = new LRUCache<string, Kept>({ max: MAX_REGIONS });

  // Whoever comes while it is fetched waits for the same answer.
  const fetchAnew = (endpoint: EcrEndpoint): Kept => {
    const password = fetchPassword(endpoint, dependencies);
    const entry: Kept = { password, askedAt: now(), given: undefined, renewAt: Infinity };
    kept.set(JSON.stringify(endpoint), entry);
    password.then(
      (given) => {
        entry.given = given;
        entry.renewAt = now() + (given.expiresAt - now()) / 2;
      },
      () => {
        entry.renewAt = now() + FAILURE_MS;
      },
    );
    return entry;
  };
  const current = (endpoint: EcrEndpoint): Kept => {
    const entry = kept.get(JSON.stringify(endpoint));
    return entry && entry.renewAt > now() ? entry : fetchAnew(endpoint);
  };
  return {
    read: async (registry) => {
      const endpoint = parseEcrHost(registry);
      if (!endpoint) return undefined;
      const { password, given } = current(endpoint);
      // Public images are open to everybody: a password allows more of them, but no lookup waits for it.
      return endpoint.kind === 'public' ? given?.credential : (await password).credential;
    },
    renew: async (registry, refused) => {
      const endpoint = parseEcrHost(registry);
      if (!endpoint) return undefined;
      const { password, askedAt } = current(endpoint);
      const { credential } = await password;
      if (credentialKey(credential) !== credentialKey(refused)) return credential;
      if (now() - askedAt < YOUNG_MS) return undefined;
      return (await fetchAnew(endpoint).password).credential;
    },
  };
}

async function fetchPassword(
  endpoint: EcrEndpoint,
  dependencies: EcrDependencies,
): Promise<Password> {
  try {
    return parseEcrPassword(await fetchAuthorization(endpoint, dependencies));
  } catch (cause) {
    throw new ProviderError(
      'registry_denied',
      'the provider got no ECR password: let its AWS identity call ecr:GetAuthorizationToken',
      { cause },
    );
  }
}

/** The clients are loaded by the first who needs them: most installations do not, and each is 4 MB of memory. */
async function fetchAuthorization(
  endpoint: EcrEndpoint,
  { credentials, timeoutMs, lookup }: EcrDependencies,
): Promise<AuthorizationData | undefined> {
  const timeouts = { connectionTimeout: timeoutMs, requestTimeout: timeoutMs };
  const requestHandler = {
    ...timeouts,
    throwOnRequestTimeout: true,
    httpAgent: { lookup },
    httpsAgent: { lookup },
  };
  const common = { credentials, maxAttempts: 2, requestHandler };
  if (endpoint.kind === 'public') {
    const ecr = await import('@aws-sdk/client-ecr-public');
    // Public ECR gives passwords in this region only.
    const client = new ecr.ECRPUBLICClient({ ...common, region: 'us-east-1' });
    const answer = await client
      .send(new ecr.GetAuthorizationTokenCommand({}))
      .finally(client.destroy.bind(client));
    return answer.authorizationData;
  }
  const { region, fips } = endpoint;
  const ecr = await import('@aws-sdk/client-ecr');
  const client = new ecr.ECRClient({ ...common, region, useFipsEndpoint: fips });
  const answer = await client
    .send(new ecr.GetAuthorizationTokenCommand({}))
    .finally(client.destroy.bind(client));
  return answer.authorizationData?.[0];
}

/** The token is base64 of `AWS:<password>`. Throws an Error without any of it. */
export function parseEcrPassword({
  authorizationToken = '',
  expiresAt,
}: AuthorizationData = {}): Password {
  const pair = Buffer.from(authorizationToken, 'base64').toString('utf8');
  const [, username = '', password = ''] = /^([^:]+):(.+)$/s.exec(pair) ?? [];
  if (password === '') throw new Error('GetAuthorizationToken answered without a password');
  // Without an expiry, or with one that is over, it is used now and not kept.
  return {
    credential: { kind: 'basic', username, password },
    expiresAt: expiresAt?.getTime() ?? 0,
  };
}
