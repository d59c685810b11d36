// Reads the environment once, by the table of settings: every mistake is reported at once and by name, and what comes
// out is a readonly value in the shapes that the parts of the provider want.

import { parseEnvironment, type Environment } from './parse-environment.ts';
import type { SettingValues } from './settings.ts';

export type { Environment } from './parse-environment.ts';
export type Config = ReturnType<typeof toConfig>;

export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`the configuration is wrong, see docs/configuration.md: ${mistakes.join('; ')}`);
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** Throws ConfigError. An empty variable counts as one that is not set. */
export function loadConfig(env: Environment): Config {
  const { values, mistakes } = parseEnvironment(env);
  const server = values.PIGGY_KUBERNETES_SERVER ?? inClusterServer(env);
  const all = [...mistakes, ...contradictions(values)];
  if (
    server === undefined &&
    !all.some((mistake) => mistake.startsWith('PIGGY_KUBERNETES_SERVER '))
  ) {
    all.push(
      'PIGGY_KUBERNETES_SERVER is not set: outside a cluster it must say where the API server is',
    );
  }
  if (all.length > 0 || server === undefined) throw new ConfigError(all);
  return toConfig(values, server);
}

/** Values that are right on their own and wrong together. A value that is missing here was a mistake itself. */
function contradictions(values: Partial<SettingValues>): string[] {
  const { PIGGY_LOOKUP_TIMEOUT = Infinity, PIGGY_MAX_CONCURRENT_REQUESTS = Infinity } = values;
  const { PIGGY_REGISTRY_REQUEST_TIMEOUT = 0, PIGGY_MAX_CONCURRENT_PER_ADDRESS = 0 } = values;
  const mistakes = {
    'PIGGY_REGISTRY_REQUEST_TIMEOUT must not be longer than PIGGY_LOOKUP_TIMEOUT':
      PIGGY_REGISTRY_REQUEST_TIMEOUT > PIGGY_LOOKUP_TIMEOUT,
    'PIGGY_MAX_CONCURRENT_PER_ADDRESS must not be more than PIGGY_MAX_CONCURRENT_REQUESTS':
      PIGGY_MAX_CONCURRENT_PER_ADDRESS > PIGGY_MAX_CONCURRENT_REQUESTS,
    'AWS_SECRET_NAME and AWS_SSM_PARAMETER_PATH are both set; a Pod has one secret source':
      values.AWS_SECRET_NAME !== undefined && values.AWS_SSM_PARAMETER_PATH !== undefined,
    'PIGGY_ADMISSION_KEY_FILES must name at least one file':
      values.PIGGY_ADMISSION_KEY_FILES?.length === 0,
  };
  return Object.keys(mistakes).filter((text) => mistakes[text as keyof typeof mistakes]);
}

/** As client-go finds it: the kubelet sets these two in every container. */
function inClusterServer(env: Environment): string | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) return undefined;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function toConfig(values: SettingValues, server: string) {
  return {
    logLevel: values.PIGGY_LOG_LEVEL,
    listeners: {
      host: values.PIGGY_HOST,
      launchPort: values.PIGGY_LAUNCH_PORT,
      lookupPort: values.PIGGY_LOOKUP_PORT,
      operationsPort: values.PIGGY_OPERATIONS_PORT,
    },
    keys: toKeys(values),
    drainDelayMs: values.PIGGY_DRAIN_DELAY,
    secretTimeoutMs: values.PIGGY_SECRET_TIMEOUT,
    threads: values.UV_THREADPOOL_SIZE,
    ...toLimits(values),
    kubernetes: {
      server,
      caFile: values.PIGGY_KUBERNETES_CA_FILE,
      tokenFile: values.PIGGY_KUBERNETES_TOKEN_FILE,
    },
    launches: {
      launchWindowMs: values.PIGGY_LAUNCH_WINDOW,
      enforceIntegrity: values.PIGGY_ENFORCE_INTEGRITY,
      enforceServiceAccount: values.PIGGY_ENFORCE_SERVICE_ACCOUNT,
      annotationsMayWeaken: values.PIGGY_ANNOTATIONS_MAY_WEAKEN,
      region: values.AWS_REGION,
    },
    secretCacheMs: values.PIGGY_SECRET_CACHE,
    access: toAccess(values),
    accessRulesFile: values.PIGGY_ACCESS_RULES_FILE,
    registries: toRegistries(values),
    registryAuthoritiesDirectory: values.PIGGY_REGISTRY_CA_DIRECTORY,
    dockerConfigFile: values.PIGGY_DOCKER_CONFIG_FILE,
    pullSecretNamespaces: values.PIGGY_PULL_SECRET_NAMESPACES,
    sharedPullSecretNamespaces: values.PIGGY_SHARED_PULL_SECRET_NAMESPACES,
  } as const;
}

function toKeys(values: SettingValues) {
  return {
    engine: values.PIGGY_ENGINE,
    certificates: values.PIGGY_CERTIFICATES,
    sealingKey: values.PIGGY_SEALING_KEY,
    tlsDirectory: values.PIGGY_TLS_DIRECTORY,
    publishAuthority: values.PIGGY_PUBLISH_CA,
    admissionKeyFiles: values.PIGGY_ADMISSION_KEY_FILES,
    namespace: values.PIGGY_NAMESPACE,
    address: values.PIGGY_ADDRESS,
    serviceName: values.PIGGY_SERVICE_NAME,
    certificateNames: values.PIGGY_CERTIFICATE_NAMES,
    certificateLifetimeMs: values.PIGGY_CERTIFICATE_LIFETIME,
    authorityLifetimeMs: values.PIGGY_CA_LIFETIME,
    rotationMs: values.PIGGY_SEALING_KEY_ROTATION,
    overlapMs: values.PIGGY_SEALING_KEY_OVERLAP,
    pollMs: values.PIGGY_KEY_POLL,
    objectNames: {
      servingSecret: values.PIGGY_TLS_SECRET,
      authoritySecret: values.PIGGY_CA_KEY_SECRET,
      bundleConfigMap: values.PIGGY_CA_CONFIG_MAP,
      sealingKeySecret: values.PIGGY_ADMISSION_SECRET,
    },
  } as const;
}

function toLimits(values: SettingValues) {
  return {
    limits: {
      maxConcurrent: values.PIGGY_MAX_CONCURRENT_REQUESTS,
      maxConcurrentPerAddress: values.PIGGY_MAX_CONCURRENT_PER_ADDRESS,
      requestsPerSecondPerAddress: values.PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS,
    },
    refusedTokensPerSecond: values.PIGGY_REFUSED_TOKENS_PER_SECOND_PER_ADDRESS,
    launchRates: {
      perMinutePerPod: values.PIGGY_LAUNCHES_PER_MINUTE_PER_POD,
      perSecond: values.PIGGY_LAUNCHES_PER_SECOND,
    },
  } as const;
}

function toAccess(values: SettingValues) {
  return {
    accessDefault: values.PIGGY_ACCESS_DEFAULT,
    prefix: values.PIGGY_DEFAULT_SECRET_NAME_PREFIX ?? '',
  } as const;
}

function toRegistries(values: SettingValues) {
  return {
    allowList: values.PIGGY_REGISTRY_ALLOW_LIST,
    mirrors: values.PIGGY_REGISTRY_MIRRORS,
    plainHttpHosts: values.PIGGY_REGISTRY_PLAIN_HTTP,
    skipVerifyHosts: values.PIGGY_REGISTRY_MAY_SKIP_VERIFY,
    loopbackHosts: values.PIGGY_REGISTRY_LOOPBACK_HOSTS,
    privateHosts: values.PIGGY_REGISTRY_PRIVATE_HOSTS,
    proxy: values.HTTPS_PROXY,
    noProxy: values.NO_PROXY,
    requestTimeoutMs: values.PIGGY_REGISTRY_REQUEST_TIMEOUT,
    lookupTimeoutMs: values.PIGGY_LOOKUP_TIMEOUT,
    tagCacheMs: values.PIGGY_TAG_CACHE,
  } as const;
}
