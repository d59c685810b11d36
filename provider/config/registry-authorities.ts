// Reads the certificate authorities of registries that have their own, from a folder such as a mounted ConfigMap.

import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './load-config.ts';

/** `host[:port]` → PEM, from files `<host[:port]>.crt`. Throws ConfigError. */
export function readRegistryAuthorities(
  directory: string | undefined,
): ReadonlyMap<string, string> {
  if (directory === undefined) return new Map();
  const authorities = new Map<string, string>();
  const mistakes: string[] = [];
  for (const file of listFiles(directory)) {
    const pem = readFileSync(join(directory, file), 'utf8');
    if (isCertificate(pem)) authorities.set(file.slice(0, -'.crt'.length), pem);
    else mistakes.push(`PIGGY_REGISTRY_CA_DIRECTORY: ${file} holds no certificate in PEM`);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return authorities;
}

function listFiles(directory: string): string[] {
  try {
    // Kubernetes keeps its own entries (`..data`) in mounted folders.
    return readdirSync(directory).filter((file) => /^[^.].*\.crt$/.test(file));
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new ConfigError([`PIGGY_REGISTRY_CA_DIRECTORY: ${directory} cannot be read (${code})`]);
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
