import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, type Environment, loadConfig } from './load-config.ts';
import { settings } from './settings.ts';
import { awsNameVectors, type AwsNameKind } from '../testing/aws-name-vectors.ts';

const cluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

function mistakesOf(env: Environment): readonly string[] {
  try {
    loadConfig({ ...cluster, ...env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

test('in a cluster nothing must be set', () => {
  const config = loadConfig(cluster);
  assert.equal(config.listeners.launchPort, 8443);
  assert.equal(config.kubernetes.server, 'https://10.0.0.1:443');
  assert.equal(config.secretTimeoutMs, 15_000);
  assert.equal(config.launches.enforceIntegrity, true);
  assert.equal(config.launches.region, undefined);
  assert.deepEqual(config.registries.allowList, []);
  assert.equal(config.pullSecretNamespaces, 'none');
  assert.equal(config.sharedPullSecretNamespaces, 'none');
  assert.equal(config.threads, 4);
});

test('an IPv6 API server is found', () => {
  const config = loadConfig({ ...cluster, KUBERNETES_SERVICE_HOST: 'fd00::1' });
  assert.equal(config.kubernetes.server, 'https://[fd00::1]:443');
});

test('what is set wins over the default', () => {
  const config = loadConfig({
    PIGGY_KUBERNETES_SERVER: 'https://api.example:6443',
    PIGGY_LAUNCH_PORT: '0',
    PIGGY_LAUNCH_WINDOW: '1m30s',
    PIGGY_ENFORCE_INTEGRITY: 'false',
    PIGGY_REGISTRY_MIRRORS:
      'docker.io/library=mirror.example:5000/hub, ghcr.io=ghcr.mirror.example, [::1]:5000=[fd00::5]:5000',
    PIGGY_REGISTRY_ALLOW_LIST: '*.dkr.ecr.*.amazonaws.com, ghcr.io',
    PIGGY_PULL_SECRET_NAMESPACES: 'shop, bank',
    PIGGY_SHARED_PULL_SECRET_NAMESPACES: 'registry',
    PIGGY_REGISTRY_PRIVATE_HOSTS: '*.s3.eu-west-1.amazonaws.com',
    UV_THREADPOOL_SIZE: '32',
    PIGGY_ADMISSION_KEY_FILES: '/keys/current,/keys/former',
    AWS_REGION: 'eu-central-1',
  });
  assert.equal(config.kubernetes.server, 'https://api.example:6443');
  assert.equal(config.listeners.launchPort, 0);
  assert.equal(config.launches.launchWindowMs, 90_000);
  assert.equal(config.launches.enforceIntegrity, false);
  assert.equal(config.launches.region, 'eu-central-1');
  assert.deepEqual(config.registries.mirrors, [
    { from: 'docker.io/library', to: 'mirror.example:5000/hub' },
    { from: 'ghcr.io', to: 'ghcr.mirror.example' },
    { from: '[::1]:5000', to: '[fd00::5]:5000' },
  ]);
  assert.deepEqual(config.registries.allowList, ['*.dkr.ecr.*.amazonaws.com', 'ghcr.io']);
  assert.deepEqual(config.pullSecretNamespaces, ['shop', 'bank']);
  assert.deepEqual(config.sharedPullSecretNamespaces, ['registry']);
  assert.deepEqual(config.registries.privateHosts, ['*.s3.eu-west-1.amazonaws.com']);
  assert.equal(config.threads, 32);
  assert.deepEqual(config.keys.admissionKeyFiles, ['/keys/current', '/keys/former']);
});

test('pull secrets of all namespaces are a choice of their own', () => {
  assert.equal(
    loadConfig({ ...cluster, PIGGY_PULL_SECRET_NAMESPACES: '*' }).pullSecretNamespaces,
    'all',
  );
});

test('an empty value counts as unset', () => {
  const config = loadConfig({ ...cluster, PIGGY_ENFORCE_INTEGRITY: '', PIGGY_LAUNCH_PORT: ' ' });
  assert.equal(config.launches.enforceIntegrity, true);
  assert.equal(config.listeners.launchPort, 8443);
});

const names: Record<string, [name: keyof typeof settings, kinds: readonly AwsNameKind[]]> = {
  'a secret': ['AWS_SECRET_NAME', ['secretName', 'secretArn']],
  'a version': ['AWS_SECRET_VERSION', ['version']],
  'a parameter path': ['AWS_SSM_PARAMETER_PATH', ['parameterPath']],
  'a region': ['AWS_REGION', ['region']],
  'a prefix': ['PIGGY_DEFAULT_SECRET_NAME_PREFIX', ['secretNamePart']],
  'a suffix': ['PIGGY_DEFAULT_SECRET_NAME_SUFFIX', ['secretNamePart']],
};

for (const [name, [setting, kinds]] of Object.entries(names)) {
  test(`a setting that is ${name} takes what AWS takes, and nothing else`, () => {
    const { kind } = settings[setting];
    for (const { what, text, isValid } of kinds.flatMap(awsNameVectors)) {
      if (isValid) assert.equal(kind.parse(text), text, what);
      else assert.throws(() => kind.parse(text), RangeError, what);
    }
  });
}

test('the secret that RDS owns can be the default of all Pods', () => {
  assert.doesNotThrow(() => loadConfig({ ...cluster, AWS_SECRET_NAME: 'rds!cluster-1fcd41b2' }));
});

test('every mistake is reported at once, by name, with its value', () => {
  const mistakes = mistakesOf({
    PIGGY_LAUNCH_PORT: '70000',
    PIGGY_ENFORCE_INTEGRITY: 'yes',
    PIGGY_SECRET_TIMEOUT: '15',
    PIGGY_ADDRESS: 'http://piggy.piggy-system.svc',
    PIGGY_ENV_RESOURCE_MEMORY_LIMIT: '64MB',
    PIGGY_PULL_SECRET_NAMESPACES: 'Shop',
    PIGGY_SHARED_PULL_SECRET_NAMESPACES: 'Registry',
    UV_THREADPOOL_SIZE: '3',
    PIGGY_UNHEARD_OF: '1',
  });
  assert.deepEqual(mistakes.map((mistake) => mistake.split(' ')[0]).sort(), [
    'PIGGY_ADDRESS',
    'PIGGY_ENFORCE_INTEGRITY',
    'PIGGY_ENV_RESOURCE_MEMORY_LIMIT',
    'PIGGY_LAUNCH_PORT',
    'PIGGY_PULL_SECRET_NAMESPACES',
    'PIGGY_SECRET_TIMEOUT',
    'PIGGY_SHARED_PULL_SECRET_NAMESPACES',
    'PIGGY_UNHEARD_OF',
    'UV_THREADPOOL_SIZE',
  ]);
  assert.ok(mistakes.includes('PIGGY_ENFORCE_INTEGRITY must be true or false; it is "yes"'));
});

const mistaken: Record<string, [env: Environment, mistake: RegExp]> = {
  'a misspelt name, with the right one': [
    { PIGGY_LAUNCH_WINDWO: '2m' },
    /^PIGGY_LAUNCH_WINDWO is not a setting; did you mean PIGGY_LAUNCH_WINDOW\?$/,
  ],
  'a name that resembles none': [{ PIGGY_UNHEARD_OF: '' }, /is not a setting; remove it/],
  'a registry request longer than the lookup': [
    { PIGGY_REGISTRY_REQUEST_TIMEOUT: '9s' },
    /^PIGGY_REGISTRY_REQUEST_TIMEOUT must not be longer/,
  ],
  'more requests per address than in all': [
    { PIGGY_MAX_CONCURRENT_PER_ADDRESS: '1001' },
    /^PIGGY_MAX_CONCURRENT_PER_ADDRESS must not be more/,
  ],
  'two secret sources': [
    { AWS_SECRET_NAME: 'shop/api', AWS_SSM_PARAMETER_PATH: '/shop/api' },
    /^AWS_SECRET_NAME and AWS_SSM_PARAMETER_PATH are both set/,
  ],
  'no sealing key': [{ PIGGY_ADMISSION_KEY_FILES: ',' }, /must name at least one file/],
  'a region that is none': [{ AWS_REGION: 'Frankfurt' }, /^AWS_REGION must be an AWS region/],
  'a mirror with a scheme': [
    { PIGGY_REGISTRY_MIRRORS: 'docker.io=https://mirror.example' },
    /without https:\/\//,
  ],
  'a proxy of another kind, without showing its password': [
    { HTTPS_PROXY: 'socks5://user:canary-0f3a@proxy.example:1080' },
    /^HTTPS_PROXY must be an http or https URL such as [^;]*; it is "…@proxy.example:1080"$/,
  ],
  'an exception from the proxy that is none': [{ NO_PROXY: 'https://a' }, /^NO_PROXY has an entry/],
  'no API server outside a cluster': [
    { KUBERNETES_SERVICE_HOST: undefined },
    /^PIGGY_KUBERNETES_SERVER is not set/,
  ],
  'an API server by http, reported once': [
    { KUBERNETES_SERVICE_HOST: undefined, PIGGY_KUBERNETES_SERVER: 'http://api.example' },
    /^PIGGY_KUBERNETES_SERVER must be an https URL/,
  ],
};

for (const [name, [env, mistake]] of Object.entries(mistaken)) {
  test(`refuses ${name}`, () => {
    const mistakes = mistakesOf(env);
    assert.equal(mistakes.length, 1, mistakes.join('\n'));
    assert.match(mistakes[0] ?? '', mistake);
  });
}

test("Kubernetes' variables for Services are no mistakes, also where one has the name of a setting", () => {
  const env = {
    ...cluster,
    PIGGY_SERVICE_HOST: '10.0.0.7',
    PIGGY_SERVICE_PORT: '443',
    PIGGY_SERVICE_PORT_HTTPS: '443',
    PIGGY_PORT: 'tcp://10.0.0.7:443',
    PIGGY_PORT_443_TCP: 'tcp://10.0.0.7:443',
    PIGGY_PORT_443_TCP_PROTO: 'tcp',
    PIGGY_PORT_443_TCP_PORT: '443',
    PIGGY_PORT_443_TCP_ADDR: '10.0.0.7',
    PIGGY_LOOKUP_SERVICE_HOST: '10.0.0.8',
    PIGGY_LOOKUP_PORT: 'tcp://10.0.0.8:8080',
    PIGGY_LOOKUP_PORT_8080_TCP_ADDR: '10.0.0.8',
  };
  assert.equal(loadConfig(env).listeners.lookupPort, 8080);
});

test('names of others are none of our business', () => {
  assert.deepEqual(mistakesOf({ AWS_ROLE_ARN: 'x', NODE_OPTIONS: '', KUBERNETES_PORT: '?' }), []);
});
