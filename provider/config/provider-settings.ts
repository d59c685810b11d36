// The settings that the provider itself acts on.

import { optionalSetting, setting } from './setting.ts';
import {
  absolutePath,
  boolean,
  duration,
  integer,
  listOf,
  matching,
  oneOf,
  port,
  url,
} from './value-kinds.ts';

const host = matching(
  'registry host such as ghcr.io or registry.example:5000',
  /^[\w.-]+(?::\d{1,5})?$|^\[[\da-fA-F:]+\](?::\d{1,5})?$/,
);
const hostGlob = matching(
  'registry host, in which * stands for anything but a dot',
  /^[\w.*?[\]:-]+$/,
);
const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

const mirror = {
  label: 'registry/path=mirror/path',
  parse: (text: string): { readonly from: string; readonly to: string } => {
    const [, from, to] = /^([\w.:/[\]-]+)=([\w.:/[\]-]+)$/.exec(text) ?? [];
    if (from !== undefined && to !== undefined && !text.includes('://')) return { from, to };
    throw new RangeError('must be written registry/path=mirror/path, without https://');
  },
};

const proxy = {
  label: 'http or https URL, perhaps with user and password',
  parse: (text: string): string => {
    const isProxy = /^https?:\/\/(?:[^/?#@\s]+@)?[^/?#@\s]+\/?$/.test(text) && URL.canParse(text);
    if (isProxy) return text;
    throw new RangeError('must be an http or https URL such as http://proxy.example:3128');
  },
};
const proxyException = matching(
  'host, `.domain`, address or network',
  /^(?:\*|(?:\*?\.)?[\w.-]+(?::\d{1,5})?|[\d.]+\/\d{1,2}|[\da-fA-F:.]+(?:\/\d{1,3})?|\[[\da-fA-F:.]+\](?::\d{1,5})?)$/,
);

const namespaceName = matching('namespace name', /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/);
const namespaces = {
  label: '`none`, `*` (all) or list of namespace names',
  parse: (text: string): 'none' | 'all' | readonly string[] => {
    if (text === 'none') return 'none';
    return text === '*' ? 'all' : listOf(namespaceName).parse(text);
  },
};

export const listenerSettings = {
  PIGGY_HOST: setting(
    matching('IP address to listen on', /^[\d.]+$|^[\da-fA-F:]+$/),
    '0.0.0.0',
    'Address of all three listeners.',
  ),
  PIGGY_LAUNCH_PORT: setting(
    port,
    '8443',
    'HTTPS, for launchers: `POST /v1/secret`. 0 takes any free port.',
  ),
  PIGGY_LOOKUP_PORT: setting(
    port,
    '8080',
    'HTTP with sealed messages, for Kyverno: `POST /kyverno/v1/images`.',
  ),
  PIGGY_OPERATIONS_PORT: setting(
    port,
    '9090',
    'HTTP, for the kubelet and Prometheus: `/healthz`, `/readyz`, `/metrics`.',
  ),
  PIGGY_DRAIN_DELAY: setting(
    duration({ min: '0s', max: '8s' }),
    '3s',
    'How long a stopping provider still accepts connections, so that every node learns that it is gone.',
  ),
  PIGGY_LOG_LEVEL: setting(
    oneOf('error', 'warn', 'info', 'debug'),
    'info',
    'Least level that is logged; `info` is one line per request.',
  ),
} as const;

export const limitSettings = {
  PIGGY_SECRET_TIMEOUT: setting(
    duration({ min: '100ms', max: '1m' }),
    '15s',
    'For one whole answer to a launcher; then 504 `deadline_exceeded`.',
  ),
  PIGGY_MAX_CONCURRENT_REQUESTS: setting(
    integer({ min: 1, max: 100_000 }),
    '1000',
    'Requests in work at a time, on each listener; more are answered 429 `rate_limited`.',
  ),
  PIGGY_MAX_CONCURRENT_PER_ADDRESS: setting(
    integer({ min: 1, max: 100_000 }),
    '400',
    'The same for one client address, and its open connections. All Pods of a node can have one address.',
  ),
  PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS: setting(
    integer({ min: 1, max: 100_000 }),
    '400',
    'Requests per second from one client address, with bursts of twice as many. It may open twice as many connections to the launch listener, and 100 in any case; more are closed at once.',
  ),
  PIGGY_REFUSED_TOKENS_PER_SECOND_PER_ADDRESS: setting(
    integer({ min: 1, max: 100_000 }),
    '20',
    'Tokens of one client address that the API server may refuse in a second, with bursts of twice as many; beyond that it is asked only about tokens that are signed under its keys.',
  ),
  PIGGY_LAUNCHES_PER_MINUTE_PER_POD: setting(
    integer({ min: 1, max: 100_000 }),
    '60',
    'How often one Pod may ask AWS for its secrets, all at once or spread; then 429 `rate_limited`.',
  ),
  PIGGY_LAUNCHES_PER_SECOND: setting(
    integer({ min: 1, max: 100_000 }),
    '500',
    'The same for all Pods together, on each replica, with bursts of twice as many.',
  ),
} as const;

export const runtimeSettings = {
  UV_THREADPOOL_SIZE: setting(
    integer({ min: 4, max: 1_024 }),
    '4',
    'Threads that resolve host names, at most half of them at once, and read files. Lookups take no more than half of those, so launches need not wait for slow names. The image sets 32.',
  ),
} as const;

export const kubernetesSettings = {
  PIGGY_KUBERNETES_SERVER: optionalSetting(
    url('https'),
    'The API server. In a cluster it is found by itself.',
  ),
  PIGGY_KUBERNETES_CA_FILE: setting(
    absolutePath,
    `${serviceAccountFolder}/ca.crt`,
    'PEM file that the API server is verified against.',
  ),
  PIGGY_KUBERNETES_TOKEN_FILE: setting(
    absolutePath,
    `${serviceAccountFolder}/token`,
    "The provider's own token; read again as it is renewed.",
  ),
} as const;

export const launchSettings = {
  PIGGY_LAUNCH_WINDOW: setting(
    duration({ min: '5s', max: '1h' }),
    '2m',
    'How long after its start a container may ask for its secrets, beside its initial delay.',
  ),
  PIGGY_SECRET_CACHE: setting(
    duration({ min: '0s', max: '5m' }),
    '5s',
    'How long a secret is kept in memory, and the oldest value that a container can be started with after a rotation; 0 asks AWS for each launch.',
  ),
  PIGGY_ANNOTATIONS_MAY_WEAKEN: setting(
    boolean,
    'false',
    'Whether an annotation may be less strict than the setting of the same name.',
  ),
} as const;

export const accessSettings = {
  PIGGY_ACCESS_DEFAULT: setting(
    oneOf('namespace', 'deny', 'allow'),
    'namespace',
    'What a service account may read where no access rule says so ([access rules](access-rules.md)).',
  ),
  PIGGY_ACCESS_RULES_FILE: setting(
    absolutePath,
    '/etc/piggy/access/access.yaml',
    'The access rules; without the file there are none. Loaded again when it changes.',
  ),
} as const;

export const registrySettings = {
  PIGGY_LOOKUP_TIMEOUT: setting(
    duration({ min: '100ms', max: '14s' }),
    '8s',
    "For all of one Pod's images; below the 15 s of the webhook.",
  ),
  PIGGY_REGISTRY_REQUEST_TIMEOUT: setting(
    duration({ min: '50ms', max: '14s' }),
    '2s',
    'For one request to a registry.',
  ),
  PIGGY_TAG_CACHE: setting(
    duration({ min: '0s', max: '1h' }),
    '1m',
    'How long a tag is taken to name the same image; not for images pulled `Always`.',
  ),
  PIGGY_REGISTRY_ALLOW_LIST: setting(
    listOf(hostGlob),
    '',
    'Registries that may be asked; empty: every one.',
  ),
  PIGGY_REGISTRY_MIRRORS: setting(
    listOf(mirror),
    '',
    'Where to look instead; the Pod keeps its reference.',
  ),
  PIGGY_REGISTRY_PLAIN_HTTP: setting(listOf(host), '', 'Registries that are asked by HTTP.'),
  PIGGY_REGISTRY_MAY_SKIP_VERIFY: setting(
    listOf(host),
    '',
    'Registries for which `piggysec.com/image-skip-verify-registry` is honoured.',
  ),
  PIGGY_REGISTRY_LOOPBACK_HOSTS: setting(
    listOf(host),
    '',
    'Registries whose name may resolve to a loopback address.',
  ),
  PIGGY_REGISTRY_PRIVATE_HOSTS: setting(
    listOf(hostGlob),
    '',
    'Hosts with a private address to which a registry with a public one may send on: to its token server, or to storage such as `*.s3.eu-west-1.amazonaws.com` behind a VPC endpoint.',
  ),
  PIGGY_REGISTRY_CA_DIRECTORY: optionalSetting(
    absolutePath,
    'Holds `<host[:port]>.crt` for registries with a CA of their own.',
  ),
  HTTPS_PROXY: optionalSetting(
    proxy,
    'Through which registries are asked, but for plain HTTP and loopback ones; AWS and Kubernetes are not. It resolves the names, so it must itself refuse addresses that are not for everybody.',
  ),
  NO_PROXY: setting(
    listOf(proxyException),
    '',
    'Registries that are asked without the proxy: `*`, `domain` with all below it, `.domain` for those below it only, an address, or a network such as `10.0.0.0/8` (for references written with an address); also with `:port`.',
  ),
  PIGGY_DOCKER_CONFIG_FILE: optionalSetting(
    absolutePath,
    "The provider's own registry credentials, a `config.json`.",
  ),
  PIGGY_PULL_SECRET_NAMESPACES: setting(
    namespaces,
    'none',
    "Whose Pods' own pull secrets may be read for lookups; the ServiceAccount needs `get` on Secrets there.",
  ),
  PIGGY_SHARED_PULL_SECRET_NAMESPACES: setting(
    namespaces,
    'none',
    'Whose pull secrets the authors of all other namespaces may use, by `image-pull-secret-namespace`; the ServiceAccount needs `get` on Secrets there.',
  ),
} as const;
