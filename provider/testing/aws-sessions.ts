// The part of the stand-in for AWS that is STS: roles that trust its callers, and the sessions that it gave out (query protocol,
// XML). https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import { randomBytes } from 'node:crypto';

export type AwsRole = {
  readonly arn: string;
  /** What its trust policy demands. */
  readonly externalId?: string;
  /** Whether its trust policy allows sts:TagSession; it does, unless told. */
  readonly mayTag?: boolean;
  readonly lastsSeconds?: number;
  /** Whom its trust policy names by an OIDC provider. */
  readonly webIdentityToken?: string;
};

/** The agent of EKS Pod Identity, on the node. */
export type PodIdentityAgent = { readonly token: string; readonly lastsSeconds: number };

export type AwsSession = {
  readonly token: string;
  readonly name: string;
  readonly expiresMs: number;
};

export type SessionAnswer = {
  readonly status: number;
  readonly xml: string;
  /** What was given out. */
  readonly session?: AwsSession;
};

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a query, such as RoleArn and "Tags.member.1.Key". */
export function parseQuery(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function assumeRole(role: AwsRole | undefined, input: Fields): SessionAnswer {
  const isTagged = 'Tags.member.1.Key' in input;
  const isTrusted =
    role !== undefined &&
    role.externalId === input['ExternalId'] &&
    (!isTagged || role.mayTag !== false);
  const name = String(input['RoleSessionName']);
  // The pattern that AWS documents for RoleSessionName.
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) return refuseSession(400, 'ValidationError', name);
  if (!isTrusted) return refuseSession(403, 'AccessDenied', 'is not authorized to perform this');
  const session = createSession(name, role.lastsSeconds);
  return { status: 200, xml: renderSession('AssumeRole', session), session };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export function assumeRoleWithWebIdentity(role: AwsRole | undefined, input: Fields): SessionAnswer {
  const isTrusted =
    role?.webIdentityToken !== undefined && role.webIdentityToken === input['WebIdentityToken'];
  if (!isTrusted) return refuseSession(400, 'InvalidIdentityToken', 'no such token');
  const session = createSession(String(input['RoleSessionName']), role.lastsSeconds);
  return { status: 200, xml: renderSession('AssumeRoleWithWebIdentity', session), session };
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
export function renderContainerCredentials({ token, expiresMs }: AwsSession): object {
  return {
    AccessKeyId: `ASIA${token.slice(0, 16)}`,
    SecretAccessKey: `key-${token}`,
    Token: token,
    Expiration: new Date(expiresMs).toISOString(),
  };
}

export function createSession(name: string, lastsSeconds = 3600): AwsSession {
  const expiresMs = Date.now() + lastsSeconds * 1000;
  return { token: randomBytes(12).toString('hex'), name, expiresMs };
}

export function refuseSession(status: number, code: string, message: string): SessionAnswer {
  const xml = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
  return { status, xml };
}

function renderSession(action: string, { token, expiresMs }: AwsSession): string {
  const expiration = new Date(expiresMs).toISOString();
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>ASIA${token.slice(0, 16)}</AccessKeyId><SecretAccessKey>key-${token}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${expiration}</Expiration></Credentials></${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function renderCallerIdentity(arn: string): string {
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
}
