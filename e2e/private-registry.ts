// A registry of a scenario's own: by TLS, with a CA that nobody else trusts, and a password. The node pulls from it and the
// provider looks up in it as from any other.

import {
  createAuthority,
  issueServingCertificate,
  type CertificateAndKey,
} from '../provider/keys/certificates.ts';
import { registriesFolder } from './cluster.ts';
import { images } from './images.ts';
import { apply, rolledOut, serviceAddress } from './kubectl.ts';
import { ctrInNode, inNode } from './node.ts';
import { until } from './poll.ts';

export const login = { username: 'e2e', password: 'canary-5eed0123' };
// That password as htpasswd keeps it.
const htpasswd = 'e2e:$2y$05$j4RyKLDRqJvKyfZyo0emYuI4slG2LwHGpmKVI4fl6uRMDIQt/L/gO';
const DAY_MS = 86_400_000;

export type PrivateRegistry = {
  readonly host: string;
  /** The certificate of its CA. */
  readonly authority: string;
  /** Puts an image of the cluster's tests there, as `host/repository:tag`, and returns its digest. */
  readonly push: (image: string, repository: string, tag: string) => Promise<string>;
  /** Puts an index of images there that were pushed before, by the architectures that they are for. */
  readonly pushIndex: (
    repository: string,
    tag: string,
    digests: Readonly<Record<string, string>>,
  ) => Promise<void>;
};

export async function startPrivateRegistry(namespace: string): Promise<PrivateRegistry> {
  const host = `registry.${namespace}.svc`;
  const validity = {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
  };
  const authority = await createAuthority('registry', validity);
  const names = { dnsNames: [host], ipAddresses: [] };
  await install(namespace, await issueServingCertificate(authority, names, validity));
  await makeKnownToNode(host, namespace, authority.certificate);
  return {
    host,
    authority: authority.certificate,
    push: (image, repository, tag) => push(image, { host, repository, tag }),
    pushIndex: (repository, tag, digests) => pushIndex({ host, repository, tag }, digests),
  };
}

const settings = {
  REGISTRY_HTTP_ADDR: ':5000',
  REGISTRY_HTTP_TLS_CERTIFICATE: '/secret/tls.crt',
  REGISTRY_HTTP_TLS_KEY: '/secret/tls.key',
  REGISTRY_AUTH_HTPASSWD_REALM: 'e2e',
  REGISTRY_AUTH_HTPASSWD_PATH: '/secret/htpasswd',
  REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/images',
} as const;

async function install(namespace: string, serving: CertificateAndKey): Promise<void> {
  const named = { name: 'registry', namespace };
  const labels = { app: 'registry' };
  const stringData = { htpasswd, 'tls.crt': serving.certificate, 'tls.key': serving.privateKey };
  const container = {
    name: 'registry',
    image: images.registry,
    env: Object.entries(settings).map(([name, value]) => ({ name, value })),
    readinessProbe: { tcpSocket: { port: 5000 }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'secret', mountPath: '/secret' },
      { name: 'images', mountPath: '/images' },
    ],
  };
  const volumes = [
    { name: 'secret', secret: { secretName: 'registry' } },
    { name: 'images', emptyDir: {} },
  ];
  const spec = { enableServiceLinks: false, containers: [container], volumes };
  await apply(
    { apiVersion: 'v1', kind: 'Secret', metadata: named, stringData },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named,
      spec: { selector: labels, ports: [{ port: 443, targetPort: 5000 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  );
  await rolledOut('deployment/registry', namespace);
}

/** The node does not ask the cluster's DNS, and trusts a CA by its hosts.toml. */
async function makeKnownToNode(host: string, namespace: string, authority: string): Promise<void> {
  const address = await serviceAddress('registry', namespace);
  const folder = `${registriesFolder}/${host}`;
  await inNode(['sh', '-c', `mkdir -p ${folder}; echo ${address} ${host} >> /etc/hosts`]);
  const toml = `server = "https://${host}"\n[host."https://${host}"]\nca = "${folder}/ca.crt"\n`;
  await inNode(['tee', `${folder}/hosts.toml`], toml);
  await inNode(['tee', `${folder}/ca.crt`], authority);
  // The rollout says that it is ready; the node learns its Service's address a moment later.
  await until('the node reaches the registry', () => request(`https://${host}/v2/`, {}));
}

type Target = { readonly host: string; readonly repository: string; readonly tag: string };

async function push(image: string, { host, repository, tag }: Target): Promise<string> {
  const user = `${login.username}:${login.password}`;
  const options = ['--hosts-dir', registriesFolder, '--user', user];
  const names = [`${host}/${repository}:${tag}`, `docker.io/${image}`];
  // Once, the node did not find the name that it had found a moment before. A second push of the same changes nothing.
  await until('the image is pushed', () => ctrInNode(['images', 'push', ...options, ...names]));
  const headers = await request(`https://${host}/v2/${repository}/manifests/${tag}`, {
    head: 'true',
    header: `Accept: ${MANIFESTS.join(', ')}`,
  });
  return /^docker-content-digest: (\S+)/im.exec(headers)?.[1] ?? '';
}

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  INDEX,
];

async function pushIndex(
  { host, repository, tag }: Target,
  digests: Readonly<Record<string, string>>,
): Promise<void> {
  const url = `https://${host}/v2/${repository}/manifests`;
  const manifests: object[] = [];
  for (const [architecture, digest] of Object.entries(digests)) {
    const header = `Accept: ${MANIFESTS.join(', ')}`;
    const text = await request(`${url}/${digest}`, { header });
    const { mediaType } = JSON.parse(text) as { readonly mediaType: string };
    const platform = { architecture, os: 'linux' };
    manifests.push({ mediaType, digest, size: Buffer.byteLength(text), platform });
  }
  await request(`${url}/${tag}`, {
    request: 'PUT',
    header: `Content-Type: ${INDEX}`,
    data: JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
  });
}

/** Asks the registry from the node; returns the body, or of HEAD the headers. */
function request(url: string, options: Readonly<Record<string, string>>): Promise<string> {
  const { host } = new URL(url);
  const config = Object.entries({
    url,
    cacert: `${registriesFolder}/${host}/ca.crt`,
    user: `${login.username}:${login.password}`,
    ...options,
  }).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  return inNode(['curl', '--silent', '--show-error', '--fail', '--config', '-'], config.join(''));
}
