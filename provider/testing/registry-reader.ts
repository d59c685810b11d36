// A lookup wired as the provider wires it, to registries of a test.

import type { PullSecret } from '../kubernetes/pull-secrets.ts';
import { createOutboundClient } from '../images/outbound-client.ts';
import { resolveHostName } from '../images/host-name-client.ts';
import { createHostNames, type HostNames } from '../images/host-names.ts';
import type { ImageConfig } from '../images/image-config.ts';
import type { ImageQuestion } from '../images/lookup.ts';
import {
  createImageConfigReader,
  type ImageConfigReaderDependencies,
} from '../images/read-image-config.ts';
import type { RegistrySettings } from '../images/registry-settings.ts';
import { startRegistry, type RegistryOptions } from './registry.ts';

export type ReaderChanges = {
  readonly settings?: Partial<RegistrySettings>;
  readonly dependencies?: Partial<ImageConfigReaderDependencies> | undefined;
  readonly hostNames?: HostNames;
};

export type TestReader = {
  readonly read: (
    reference: string,
    question?: Partial<ImageQuestion>,
    signal?: AbortSignal,
  ) => Promise<ImageConfig>;
  /** Tests turn it on. */
  readonly clock: { now: number };
  readonly close: () => Promise<void>;
};

/** A registry of its own with a reader for it; `countOf` its requests so far, by path. */
export async function startRegistryAndReader(
  options: RegistryOptions = {},
  changes: ReaderChanges = {},
) {
  const registry = await startRegistry(options);
  const reader = createTestReader([registry.origin], changes);
  return {
    registry,
    ...reader,
    countOf: (match: RegExp) => registry.requests.filter(({ path }) => match.test(path)).length,
    close: async () => {
      await reader.close();
      await registry.close();
    },
  };
}

/** `origins` of registries that may be reached although they are on loopback. */
export function createTestReader(
  origins: readonly string[],
  { settings, dependencies, hostNames = createTestHostNames() }: ReaderChanges = {},
): TestReader {
  const all: RegistrySettings = {
    ...createSettings(origins.map((origin) => new URL(origin))),
    ...settings,
  };
  const client = createOutboundClient(all, hostNames);
  const clock = { now: Date.UTC(2026, 0, 1) };
  const readImageConfig = createImageConfigReader({
    settings: all,
    send: client.send,
    readSecret: () => Promise.resolve(undefined),
    pullSecretNamespaces: 'all',
    sharedPullSecretNamespaces: 'all',
    dockerConfig: () => undefined,
    ecr: undefined,
    now: () => clock.now,
    random: () => 0,
    ...dependencies,
  });
  return {
    read: (reference, question = {}, signal = new AbortController().signal) => {
      const plain = {
        namespace: 'shop',
        architectures: [],
        pullAlways: false,
        skipVerifyRegistry: false,
        pullSecrets: [],
      };
      return readImageConfig({ reference, ...plain, ...question }, signal);
    },
    clock,
    close: client.close,
  };
}

function createTestHostNames(): HostNames {
  const share = { all: 8, perKey: 8 };
  return createHostNames({ resolve: resolveHostName, share, now: Date.now });
}

/** A Secret of type dockerconfigjson with one name and password. */
export function createPullSecret(host: string, username: string, password: string): PullSecret {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const config = JSON.stringify({ auths: { [host]: { auth } } });
  return {
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  };
}

function createSettings(origins: readonly URL[]): RegistrySettings {
  return {
    allowList: [],
    mirrors: [],
    plainHttpHosts: origins.filter(({ protocol }) => protocol === 'http:').map(({ host }) => host),
    skipVerifyHosts: [],
    loopbackHosts: origins.map(({ host }) => host),
    privateHosts: [],
    certificateAuthorities: new Map(),
    proxy: undefined,
    noProxy: [],
    // Longer than the slowest machine needs; tests of time limits set their own.
    requestTimeoutMs: 60_000,
    lookupTimeoutMs: 120_000,
    tagCacheMs: 60_000,
  };
}

/** `readSecret` that knows these Secrets, by `namespace/name`. */
export function withSecrets(secrets: Readonly<Record<string, PullSecret>>): {
  readonly readSecret: ImageConfigReaderDependencies['readSecret'];
} {
  return { readSecret: (namespace, name) => Promise.resolve(secrets[`${namespace}/${name}`]) };
}
