// Starts the provider: reads its settings, builds its clients and use cases, opens the listeners and stops them again.
// All wiring is here, and nothing else.

import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKyvernoAnswerer } from './admission/kyverno.ts';
import { parseSealingKeys } from './admission/sealing-keys.ts';
import { type Config, ConfigError, loadConfig } from './config/load-config.ts';
import { readRegistryAuthorities } from './config/registry-authorities.ts';
import { createLaunchApp, createLookupApp, createOperationsApp } from './http/app.ts';
import { createGuard } from './http/guard.ts';
import { createReadiness, type Readiness } from './http/readiness.ts';
import { type Servers, startServers } from './http/server.ts';
import { watchFiles } from './http/watched-files.ts';
import { createEcrCredentialReader } from './images/ecr-client.ts';
import { createOutboundClient } from './images/outbound-client.ts';
import { createImageConfigReader, type ReadImageConfig } from './images/read-image-config.ts';
import { createKubernetesClient, type KubernetesClient } from './kubernetes/api-client.ts';
import { createLaunchRates } from './launches/launch-rates.ts';
import { createLaunchValuesReader, type ReadLaunchValues } from './launches/read-launch-values.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import type { AccessPolicy } from './secrets/grant.ts';
import { parseAccessRules, type AccessRule } from './secrets/access-rules.ts';
import { createParameterStoreClient } from './secrets/parameter-store-client.ts';
import { createSecretsReader } from './secrets/read-secrets.ts';
import { createRoleCredentials } from './secrets/role-credentials-client.ts';
import { createSecretsManagerClient } from './secrets/secrets-manager-client.ts';

const KUBERNETES_TIMEOUT_MS = 5_000;
const AWS_CONNECTION_TIMEOUT_MS = 1_000;
const AWS_REQUEST_TIMEOUT_MS = 3_000;
/** Beyond the lookups' own deadline, which has the better message. */
const LOOKUP_GRACE_MS = 1_000;

/** Of ten seconds, which is less than the kubelet grants by default. */
const STOP_MS = 9_500;

type Provider = {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** Aborted when a stopping provider cannot wait any longer. */
  readonly stopping: AbortController;
};

/** What AWS gives the provider; asked for once, not once per client. */
type AwsCredentials = ReturnType<typeof defaultProvider>;

await main();

async function main(): Promise<void> {
  const fallbackLog = createLogger('info');
  process.on('uncaughtException', (error) => {
    fallbackLog.error({ error }, 'the provider failed');
    process.exit(1);
  });
  try {
    await start(loadConfig(process.env));
  } catch (error) {
    if (error instanceof ConfigError) {
      fallbackLog.error(
        { mistakes: error.mistakes },
        'the configuration is wrong, see docs/configuration.md',
      );
    } else {
      fallbackLog.error({ error }, 'the provider cannot start');
    }
    process.exit(1);
  }
}

async function start(config: Config): Promise<void> {
  const provider: Provider = {
    config,
    log: createLogger(config.logLevel),
    metrics: createMetrics(),
    readiness: createReadiness(),
    stopping: new AbortController(),
  };
  const { log, readiness } = provider;
  const credentials = defaultProvider();
  const kubernetes = wireKubernetes(config);
  const accessPolicy = await watchAccessRules(provider);
  const readLaunchValues = wireLaunches(provider, kubernetes, { credentials, accessPolicy });
  const readImageConfig = wireLookups(config, kubernetes, credentials);
  const keys = await watchSealingKeys(provider);
  const answerKyverno = createKyvernoAnswerer({ readImageConfig, keys });

  const servers = await listen(provider, { readLaunchValues, answerKyverno });
  readiness.setLoaded('listeners');
  stopOnSignal(provider, servers);
  await watchCertificate(provider, servers);
  await readiness.loaded;
  log.info(servers.ports, 'ready');
}

function wireKubernetes({ kubernetes: { server, caFile, tokenFile } }: Config): KubernetesClient {
  return createKubernetesClient({
    server,
    ca: readFileSync(caFile, 'utf8'),
    readToken: async () => (await readFile(tokenFile, 'utf8')).trim(),
    timeoutMs: KUBERNETES_TIMEOUT_MS,
  });
}

type LaunchParts = {
  readonly credentials: AwsCredentials;
  readonly accessPolicy: () => AccessPolicy;
};

function wireLaunches(
  { config: { launches: defaults, launchRates }, metrics }: Provider,
  kubernetes: KubernetesClient,
  { credentials, accessPolicy }: LaunchParts,
): ReadLaunchValues {
  const own = {
    credentials,
    connectionTimeoutMs: AWS_CONNECTION_TIMEOUT_MS,
    requestTimeoutMs: AWS_REQUEST_TIMEOUT_MS,
    observeCall: metrics.observeAwsCall,
  };
  const aws = { ...own, credentialsOf: createRoleCredentials({ ...own, now: Date.now }) };
  const readSecrets = createSecretsReader({
    readSecretVersion: createSecretsManagerClient(aws),
    readParameters: createParameterStoreClient(aws),
  });
  return createLaunchValuesReader({
    kubernetes,
    readSecrets,
    accessPolicy,
    observeAccess: metrics.observeAccess,
    decideRate: createLaunchRates(launchRates, () => performance.now()),
    defaults,
    now: Date.now,
  });
}

function wireLookups(
  config: Config,
  kubernetes: KubernetesClient,
  credentials: AwsCredentials,
): ReadImageConfig {
  const { dockerConfigFile, pullSecretNamespaces } = config;
  const certificateAuthorities = readRegistryAuthorities(config.registryAuthoritiesDirectory);
  const settings = { ...config.registries, certificateAuthorities };
  return createImageConfigReader({
    settings,
    send: createOutboundClient(settings).send,
    readSecret: kubernetes.readSecret,
    pullSecretNamespaces,
    readDockerConfig: dockerConfigFile ? () => readFile(dockerConfigFile, 'utf8') : undefined,
    readEcrCredential: createEcrCredentialReader({
      credentials,
      now: Date.now,
      timeoutMs: settings.requestTimeoutMs,
    }),
    now: Date.now,
    random: Math.random,
  });
}

type UseCases = {
  readonly readLaunchValues: ReadLaunchValues;
  readonly answerKyverno: ReturnType<typeof createKyvernoAnswerer>;
};

function listen(
  { config, log, metrics, readiness, stopping }: Provider,
  { readLaunchValues, answerKyverno }: UseCases,
): Promise<Servers> {
  const now = () => performance.now();
  const { listeners, limits } = config;
  const common = { observer: { log, metrics, now }, stopping: stopping.signal };
  const launches = createLaunchApp({
    ...common,
    readLaunchValues,
    guard: createGuard(limits, now),
    timeoutMs: config.secretTimeoutMs,
  });
  const lookups = createLookupApp({
    ...common,
    answerKyverno,
    guard: createGuard(limits, now),
    timeoutMs: config.registries.lookupTimeoutMs + LOOKUP_GRACE_MS,
  });
  const operations = createOperationsApp({ metrics, readiness });
  return startServers({
    host: listeners.host,
    launches: { port: listeners.launchPort, fetch: launches.fetch },
    lookups: { port: listeners.lookupPort, fetch: lookups.fetch },
    operations: { port: listeners.operationsPort, fetch: operations.fetch },
    // Beside those in work there are idle ones, which wait for their next request.
    maxConnections: 2 * limits.maxConcurrent,
    maxConnectionsPerAddress: limits.maxConcurrentPerAddress,
  });
}

/** The sealing keys of each moment. */
async function watchSealingKeys({
  config,
  log,
  readiness,
}: Provider): Promise<() => readonly string[]> {
  let keys: readonly string[] = [];
  await watchFiles({
    paths: config.admissionKeyFiles,
    use: (texts) => {
      keys = parseSealingKeys(texts);
      readiness.setLoaded('sealing key');
      log.info({ count: keys.length }, 'sealing keys loaded');
    },
    onFailure: (error) => {
      log.warn({ error }, 'the sealing keys cannot be loaded; former ones, if any, stay in use');
    },
  });
  return () => keys;
}

/** The access rules of each moment; before the first good reading nobody may read anything. */
async function watchAccessRules({
  config,
  log,
  metrics,
  readiness,
}: Provider): Promise<() => AccessPolicy> {
  let policy: AccessPolicy = { ...config.access, rules: [], accessDefault: 'deny' };
  const useRules = (rules: readonly AccessRule[]) => {
    policy = { ...config.access, rules };
    metrics.setAccessRulesValid(true);
    readiness.setWarning('access rules', undefined);
    readiness.setLoaded('access rules');
    log.info({ count: rules.length }, 'access rules loaded');
  };
  await watchFiles({
    paths: [config.accessRulesFile],
    use: ([text = '']) => {
      useRules(parseAccessRules(text));
    },
    onFailure: (error) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        useRules([]);
        return;
      }
      const mistake = error instanceof RangeError ? error.message : 'the file cannot be read';
      metrics.setAccessRulesValid(false);
      readiness.setWarning('access rules', `${mistake}; the former ones, if any, stay in use`);
      log.error(
        { mistake, error },
        'the access rules are broken; former ones, if any, stay in use',
      );
    },
  });
  return () => policy;
}

async function watchCertificate(
  { config, log, metrics, readiness }: Provider,
  servers: Servers,
): Promise<void> {
  await watchFiles({
    paths: [join(config.tlsDirectory, 'tls.crt'), join(config.tlsDirectory, 'tls.key')],
    use: ([certificate = '', privateKey = '']) => {
      const expiry = new X509Certificate(certificate).validToDate;
      servers.useCertificate({ certificate, privateKey });
      metrics.setCertificateExpiry(expiry);
      readiness.setLoaded('certificate');
      log.info({ expiry }, 'certificate loaded');
    },
    onFailure: (error) => {
      log.warn({ error }, 'the certificate cannot be loaded; the former one, if any, stays in use');
    },
  });
}

function stopOnSignal({ config, log, readiness, stopping }: Provider, servers: Servers): void {
  const stop = async (signal: NodeJS.Signals) => {
    if (readiness.isStopping()) return;
    readiness.setStopping();
    log.info({ signal }, 'stopping');
    await servers.stop({
      drainDelayMs: config.drainDelayMs,
      withinMs: STOP_MS,
      endWork: () => {
        stopping.abort();
      },
    });
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
}
