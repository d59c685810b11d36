// Reads the registry credentials of a docker config, as it stands in pull secrets and in ~/.docker/config.json.

import type { Credential } from './credential.ts';

/** `key` is as written: a host, a URL, either with a path. */
export type DockerConfigEntry = { readonly key: string; readonly credential: Credential };

export type DockerConfig = readonly DockerConfigEntry[];

type Fields = Readonly<Record<string, unknown>>;

/** The format of `.dockerconfigjson`; undefined when it is no docker config at all. */
export function parseDockerConfig(text: string): DockerConfig | undefined {
  const document = parseJson(text);
  const auths = document?.['auths'] ?? {};
  return document && isFields(auths) ? parseEntries(auths) : undefined;
}

/** The older format of `.dockercfg`: what `auths` holds, without the name. */
export function parseDockercfg(text: string): DockerConfig | undefined {
  const auths = parseJson(text);
  return auths && parseEntries(auths);
}

/** An entry without a usable credential is left out: the others still count. */
function parseEntries(auths: Fields): DockerConfig {
  return Object.entries(auths).flatMap(([key, entry]) => {
    const credential = isFields(entry) ? parseCredential(entry) : undefined;
    return credential ? [{ key, credential }] : [];
  });
}

function parseCredential(entry: Fields): Credential | undefined {
  const { auth, username, password, identitytoken } = entry;
  if (isText(identitytoken)) return { kind: 'identityToken', identityToken: identitytoken };
  // As the kubelet reads it: `auth` wins over the two fields that it is made from.
  if (isText(auth)) return parseAuth(auth);
  if (isText(username) && isText(password)) return { kind: 'basic', username, password };
  return undefined;
}

function parseAuth(auth: string): Credential | undefined {
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
