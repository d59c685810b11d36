// Takes on AWS roles for service accounts, so that AWS's policies and CloudTrail see whose launch it is.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import { AssumeRoleCommand, STSClient, type AssumeRoleCommandOutput } from '@aws-sdk/client-sts';
import { LRUCache } from 'lru-cache';
import { ProviderError } from '../errors.ts';
import { roleKey, type AssumedRole } from './assumed-role.ts';
import { callAws } from './aws-failure.ts';
import { createRegionalClients } from './regional-clients.ts';
import {
  describeClient,
  type AwsClientOptions,
  type AwsCredentials,
} from './secrets-manager-client.ts';

export type RoleCredentialsOptions = AwsClientOptions & {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

type Session = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
};

const MAX_SESSIONS = 1000;
/** Before its end, so that no request meets an expired session; the SDK renews as early. */
const RENEWED_BEFORE_MS = 5 * 60_000;
/** How long a failed renewal is not tried again. */
const RENEWAL_PAUSE_MS = 10_000;
const NEVER = new AbortController().signal;

/** The credentials of a role: one session for all clients, renewed while it still holds. */
export function createRoleCredentials(
  options: RoleCredentialsOptions,
): (role: AssumedRole, region: string) => AwsCredentials {
  const clientFor = createRegionalClients(
    (region) => new STSClient(describeClient(options, region)),
  );
  const sessions = new LRUCache<string, { readonly session: Promise<Session>; renewMs: number }>({
    max: MAX_SESSIONS,
  });

  async function assume(role: AssumedRole, region: string): Promise<Session> {
    const call = { action: 'sts:AssumeRole', resource: `role ${role.roleArn}`, region };
    // Shared by all who wait for it, so none of their deadlines ends it; the client has its own.
    return callAws({ call, signal: NEVER, observe: options.observeCall }, async () =>
      parseSession(
        await clientFor(region).send(new AssumeRoleCommand(describeSession(role))),
        role,
      ),
    );
  }

  async function renew(role: AssumedRole, region: string, former: Promise<Session> | undefined) {
    try {
      return await assume(role, region);
    } catch (error) {
      // While the former session holds, nobody needs to notice that there is no new one yet.
      const held = await former;
      if (held !== undefined && options.now() < held.expiration.getTime()) return held;
      throw error;
    }
  }

  return (role, region) => () => {
    const key = roleKey(role);
    const known = sessions.get(key);
    if (known !== undefined && options.now() < known.renewMs) return known.session;
    const entry = { session: renew(role, region, known?.session), renewMs: Infinity };
    sessions.set(key, entry);
    entry.session.then(
      ({ expiration }) => (entry.renewMs = decideRenewal(expiration, options.now())),
      () => sessions.get(key) === entry && sessions.delete(key),
    );
    return entry.session;
  };
}

function decideRenewal(expiration: Date, nowMs: number): number {
  const endMs = expiration.getTime();
  return Math.min(endMs, Math.max(endMs - RENEWED_BEFORE_MS, nowMs + RENEWAL_PAUSE_MS));
}

function describeSession({ roleArn, externalId, account, sessionTags }: AssumedRole) {
  const { namespace, name } = account;
  return {
    RoleArn: roleArn,
    RoleSessionName: `piggy.${namespace}.${name}`.slice(0, 64),
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
    ...(sessionTags
      ? {
          Tags: [
            { Key: 'piggy-namespace', Value: namespace },
            { Key: 'piggy-service-account', Value: name },
          ],
        }
      : {}),
  };
}

function parseSession({ Credentials }: AssumeRoleCommandOutput, { roleArn }: AssumedRole): Session {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (AccessKeyId && SecretAccessKey && SessionToken && Expiration) {
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  }
  throw new ProviderError('aws_unavailable', `AWS answered no session for role ${roleArn}`);
}
