// Reads the registry credentials of a docker config, as it stands in pull secrets and in ~/.docker/config.json.

import type { BasicCredential, Credential } from './credential.ts';
import { PER_DOCKER_CONFIG } from './lookup-budget.ts';

/** `key` is as written: a host, a URL, either with a path. */
export type DockerConfigEntry = { readonly key: string; readonly credential: Credential };

export type DockerConfig = {
  readonly entries: readonly DockerConfigEntry[];
  /** It leaves some or all credentials to a program (credsStore, credHelpers). */
  readonly namesHelper: boolean;
  /** More than are read: then it has none of them, since leaving some out would choose between them. */
  readonly isTooLong: boolean;
};

type Fields = Readonly<Record<string, unknown>>;

// Names that say: the password is an identity token. The first is docker's, the other one is Azure's.
const IDENTITY_TOKEN_USERS = ['<token>', '00000000-0000-0000-0000-000000000000'];

/** The format of `.dockerconfigjson`; undefined when it is no docker config at all. */
export function parseDockerConfig(text: string): DockerConfig | undefined {
  const document = parseJson(text);
  const auths = document?.['auths'] ?? {};
  if (!document || !isFields(auths)) return undefined;
  return { ...parseEntries(auths), namesHelper: namesHelper(document) };
}

/** The older format of `.dockercfg`: what `auths` holds, without the name. */
export function parseDockercfg(text: string): DockerConfig | undefined {
  const auths = parseJson(text);
  return auths && { ...parseEntries(auths), namesHelper: false };
}

/** An entry without a usable credential is left out: the others still count. */
function parseEntries(auths: Fields): Pick<DockerConfig, 'entries' | 'isTooLong'> {
  const written = Object.entries(auths);
  if (written.length > PER_DOCKER_CONFIG.entries) return { entries: [], isTooLong: true };
  const entries = written.flatMap(([key, entry]) => {
    const credential = isFields(entry) ? parseCredential(entry) : undefined;
    return credential ? [{ key, credential }] : [];
  });
  return { entries, isTooLong: false };
}

function namesHelper({ credsStore, credHelpers }: Fields): boolean {
  return isText(credsStore) || (isFields(credHelpers) && Object.keys(credHelpers).length > 0);
}

function parseCredential(entry: Fields): Credential | undefined {
  const { identitytoken: identityToken, registrytoken: registryToken } = entry;
  // It goes into a header as it is.
  if (isText(registryToken) && /^[\x21-\x7e]+$/.test(registryToken)) {
    return { kind: 'registryToken', registryToken };
  }
  const basic = parseBasic(entry);
  if (isText(identityToken)) return withIdentityToken(identityToken, basic);
  return basic && IDENTITY_TOKEN_USERS.includes(basic.username) && basic.password !== ''
    ? withIdentityToken(basic.password, basic)
    : basic;
}

function withIdentityToken(identityToken: string, basic: BasicCredential | undefined): Credential {
  const { username = '<token>', password = '' } = basic ?? {};
  const fallback: BasicCredential = {
    kind: 'basic',
    username,
    password: password === '' ? identityToken : password,
  };
  return { kind: 'identityToken', identityToken, fallback };
}

/** As the kubelet reads it: `auth` wins over the two fields that it is made from. */
function parseBasic({ auth, username, password }: Fields): BasicCredential | undefined {
  if (isText(auth)) return parseAuth(auth);
  if (isText(username) && isText(password)) return { kind: 'basic', username, password };
  return undefined;
}

function parseAuth(auth: string): BasicCredential | undefined {
  const pair = Buffer.from(auth.trim(), 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1) return undefined;
  return {
    kind: 'basic',
    username: pair.slice(0, colon),
    password: pair.slice(colon + 1),
  };
}

function parseJson(text: string): Fields | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isFields(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
