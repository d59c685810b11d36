// Gets ECR passwords with the provider's own AWS identity, one for each region, renewed at half of their life.

import type { AuthorizationData, ECRClientConfig } from '@aws-sdk/client-ecr';
import { ProviderError } from '../errors.ts';
import type { Credential } from './credential.ts';
import { parseEcrHost, type EcrEndpoint } from './ecr-host.ts';

/** undefined when the registry is not ECR. Throws `registry_denied` when AWS gives no password. */
export type ReadEcrCredential = (registry: string) => Promise<Credential | undefined>;

type AwsCredentials = NonNullable<ECRClientConfig['credentials']>;

type Password = { readonly credential: Credential; readonly expiresAt: number };

type Kept = { readonly password: Promise<Password>; renewAt: number };

type EcrDependencies = {
  /** Shared by all AWS clients. */
  readonly credentials: AwsCredentials;
  readonly now: () => number;
  readonly timeoutMs: number;
};

/** One password opens all registries of a region that the identity may read, so accounts do not matter. */
export function createEcrCredentialReader(dependencies: EcrDependencies): ReadEcrCredential {
  const { now } = dependencies;
  const kept = new Map<string, Kept>();
  return async (registry) => {
    const endpoint = parseEcrHost(registry);
    if (!endpoint) return undefined;
    const key = JSON.stringify(endpoint);
    const known = kept.get(key);
    if (known && known.renewAt > now()) return (await known.password).credential;
    // Whoever comes while it is fetched waits for the same answer; a failure is not kept.
    const entry: Kept = { password: fetchPassword(endpoint, dependencies), renewAt: Infinity };
    kept.set(key, entry);
    try {
      const { credential, expiresAt } = await entry.password;
      entry.renewAt = now() + (expiresAt - now()) / 2;
      return credential;
    } catch (error) {
      if (kept.get(key) === entry) kept.delete(key);
      throw error;
    }
  };
}

async function fetchPassword(
  { region, fips }: EcrEndpoint,
  { credentials, timeoutMs }: EcrDependencies,
): Promise<Password> {
  // Loaded by the first who needs it: most installations do not, and it is 4 MB of memory.
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const client = new ECRClient({
    region,
    credentials,
    useFipsEndpoint: fips,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
  });
  try {
    const answer = await client.send(new GetAuthorizationTokenCommand({}));
    return parsePassword(answer.authorizationData?.[0]);
  } catch (cause) {
    throw new ProviderError(
      'registry_denied',
      'the provider got no ECR password: let its AWS identity call ecr:GetAuthorizationToken',
      { cause },
    );
  } finally {
    client.destroy();
  }
}

/** The token is base64 of `AWS:<password>`. */
function parsePassword({ authorizationToken = '', expiresAt }: AuthorizationData = {}): Password {
  const pair = Buffer.from(authorizationToken, 'base64').toString('utf8');
  const [, username = '', password = ''] = /^([^:]+):(.+)$/s.exec(pair) ?? [];
  if (password === '') throw new Error('GetAuthorizationToken answered without a password');
  // Without an expiry, or with one that is over, it is used now and not kept.
  return {
    credential: { kind: 'basic', username, password },
    expiresAt: expiresAt?.getTime() ?? 0,
  };
}
