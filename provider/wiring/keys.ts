// Chooses where certificates and sealing keys come from, the provider's own upkeep or files, and puts them to use.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Config, ConfigError } from '../config/load-config.ts';
import { ProviderError } from '../errors.ts';
import type { ReadinessPart } from '../http/readiness.ts';
import { createBundleUpkeep } from '../keys/bundle-upkeep.ts';
import { createCertificateUpkeep } from '../keys/certificate-upkeep.ts';
import type { UsableCertificates } from '../keys/decide-certificates.ts';
import { keepUp } from '../keys/keep-up.ts';
import { createNativeParameters } from '../keys/native-parameters.ts';
import { createSealingKeyUpkeep } from '../keys/sealing-key-upkeep.ts';
import { selectServingNames } from '../keys/serving-names.ts';
import type { Writer } from '../keys/settle.ts';
import { createOwnObjectsClient, type OwnObjects } from '../kubernetes/own-objects-client.ts';
import type { Servers } from './listeners.ts';
import type { Provider } from './provider.ts';
import { type UseSealingKeys, watchCertificate, watchSealingKeys } from './watched-settings.ts';

const KUBERNETES_TIMEOUT_MS = 5_000;

/** Passes of all replicas, with their jitter and a few failures in between, after which each has read what stands there. */
const PUBLICATION_PASSES = 10;

export type Keys = {
  /** Calls `use` with the sealing keys, and again when there are others. */
  readonly followSealingKeys: (use: UseSealingKeys) => Promise<void>;
  readonly followCertificate: (servers: Servers) => Promise<void>;
};

export function createKeys(provider: Provider): Keys {
  const { certificates, sealingKey, publishAuthority, engine } = provider.config.keys;
  const ownsSealingKey = sealingKey === 'managed';
  const ownsCertificates = certificates === 'managed';
  const isNative = engine === 'native';
  if (!ownsSealingKey && !ownsCertificates && !publishAuthority && !isNative) {
    return {
      followSealingKeys: (use) => watchSealingKeys(provider, use),
      followCertificate: (servers) => watchCertificate(provider, servers),
    };
  }
  const objects = createObjects(provider.config);
  return {
    followSealingKeys: (use) =>
      ownsSealingKey ? keepSealingKey(provider, objects, use) : watchSealingKeys(provider, use),
    followCertificate: async (servers) => {
      if (ownsCertificates) await keepCertificates(provider, objects, servers);
      else if (publishAuthority) await keepBundle(provider, objects);
      // It takes the CA from where that was just put; nothing that launchers need waits for it.
      if (isNative) void keepNativeParameters(provider, objects);
      if (!ownsCertificates) await watchCertificate(provider, servers);
    },
  };
}

function createObjects(config: Config): OwnObjects {
  const { server, caFile, tokenFile } = config.kubernetes;
  return createOwnObjectsClient({
    server,
    ca: readFileSync(caFile, 'utf8'),
    readToken: async () => (await readFile(tokenFile, 'utf8')).trim(),
    timeoutMs: KUBERNETES_TIMEOUT_MS,
    namespace: config.keys.namespace ?? readNamespace(tokenFile),
    now: Date.now,
  });
}

/** The kubelet mounts it beside the token. */
function readNamespace(tokenFile: string): string {
  const file = join(dirname(tokenFile), 'namespace');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new ConfigError([`PIGGY_NAMESPACE is not set, and ${file} cannot be read`]);
  }
}

async function keepSealingKey(
  provider: Provider,
  objects: OwnObjects,
  use: UseSealingKeys,
): Promise<void> {
  const { config, log, metrics, readiness } = provider;
  const { rotationMs, overlapMs, pollMs, objectNames } = config.keys;
  const pass = createSealingKeyUpkeep({
    writer: createWriter(provider, objects, 'sealing key'),
    secretName: objectNames.sealingKeySecret,
    times: { rotationMs, overlapMs, publicationMs: PUBLICATION_PASSES * pollMs },
    now: Date.now,
    steadyNow: () => performance.now(),
  });
  let keys: readonly string[] = [];
  await repeat(provider, 'sealing key', async () => {
    const usable = await pass();
    metrics.setSealingKeySince(usable.since);
    if (usable.keys.join() === keys.join()) return;
    keys = usable.keys;
    await use(keys);
    readiness.setLoaded('sealing key');
    log.info({ count: keys.length, since: usable.since }, 'sealing keys loaded');
  });
}

async function keepCertificates(
  provider: Provider,
  objects: OwnObjects,
  servers: Servers,
): Promise<void> {
  const { config, readiness } = provider;
  const { namespace } = objects;
  const pass = createCertificateUpkeep({
    writer: createWriter(provider, objects, 'certificate'),
    objectNames: config.keys.objectNames,
    names: selectServingNames({ ...config.keys, namespace }),
    lifetimeMs: config.keys.certificateLifetimeMs,
    authorityLifetimeMs: config.keys.authorityLifetimeMs,
    now: Date.now,
  });
  const use = createCertificateUse(provider, servers);
  await repeat(provider, 'certificate', async () => {
    const usable = await pass();
    use(usable);
    const text = usable.warnings.join('; ');
    readiness.setWarning('CA bundle', text === '' ? undefined : text);
  });
}

function createCertificateUse({ log, metrics, readiness }: Provider, servers: Servers) {
  let used: string | undefined;
  return ({ serving, validity, authorityValidity, warnings }: UsableCertificates): void => {
    metrics.setAuthorityValidity(authorityValidity);
    if (serving.certificate === used) return;
    servers.useCertificate(serving);
    used = serving.certificate;
    metrics.setCertificateValidity(validity);
    readiness.setLoaded('certificate');
    const expiries = { expiry: validity.notAfter, authorityExpiry: authorityValidity.notAfter };
    log.info({ ...expiries, warnings }, 'certificate loaded');
  };
}

async function keepBundle(provider: Provider, objects: OwnObjects): Promise<void> {
  const { tlsDirectory, objectNames } = provider.config.keys;
  const pass = createBundleUpkeep({
    writer: createWriter(provider, objects, 'CA bundle'),
    bundleConfigMap: objectNames.bundleConfigMap,
    readAuthority: () => readFile(join(tlsDirectory, 'ca.crt'), 'utf8'),
    now: Date.now,
  });
  await repeat(provider, 'CA bundle', async () => {
    await pass();
  });
}

async function keepNativeParameters(provider: Provider, objects: OwnObjects): Promise<void> {
  const pass = createNativeParameters({
    writer: createWriter(provider, objects, 'policy settings'),
    bundleConfigMap: provider.config.keys.objectNames.bundleConfigMap,
    randomMark: () => {
      const [first = 0, ...others] = randomBytes(4);
      // YAML reads some digits with an `e` among them as a number, none with a letter in front.
      return Buffer.from([0xa0 + (first % 0x60), ...others]).toString('hex');
    },
    now: Date.now,
  });
  await repeat(provider, 'policy settings', async () => {
    await pass();
  });
}

function createWriter({ log, metrics }: Provider, objects: OwnObjects, subject: string): Writer {
  return {
    objects,
    note: (step) => {
      if (step.by === 'this replica') metrics.observeKeyStep(subject, step.step);
      log.info(step, `${subject}: ${step.step}`);
    },
  };
}

/** What fails is told in the log, in /readyz and by a metric; what was loaded before stays in use. */
async function repeat(
  { config, log, metrics, readiness }: Provider,
  part: ReadinessPart,
  pass: () => Promise<void>,
): Promise<void> {
  await keepUp({
    intervalMs: config.keys.pollMs,
    random: Math.random,
    pass,
    onSuccess: () => {
      readiness.setWarning(part, undefined);
    },
    onFailure: (error) => {
      metrics.observeKeyStep(part, 'failed');
      const reason = error instanceof ProviderError ? error.message : 'a fault of the provider';
      readiness.setWarning(part, `${reason}; the former one, if any, stays in use`);
      log.error({ error }, `the ${part} cannot be kept up; the former one, if any, stays in use`);
    },
  });
}
