// A registry of a scenario's own, by plain HTTP and for everybody, that stands for a public one: the node pulls from it what it would
// pull there, and the provider looks up in it.

import { registriesFolder } from './cluster.ts';
import { images } from './images.ts';
import { apply, rolledOut, serviceAddress } from './kubectl.ts';
import { ctrInNode, inNode } from './node.ts';
import { until } from './poll.ts';

export type OpenRegistry = {
  /** Settings by which the provider asks it in the place of the public one. */
  readonly settings: Readonly<Record<string, string>>;
  /** Puts an image of the cluster's tests there, under the name that it would have in the public one. */
  readonly push: (from: string, as: string) => Promise<void>;
  /** The node pulls from the public one again. */
  readonly forget: () => Promise<void>;
};

export async function startOpenRegistry(namespace: string, host: string): Promise<OpenRegistry> {
  const address = await install(namespace);
  const folder = `${registriesFolder}/${host}`;
  const toml = `server = "https://${host}"\n[host."http://${address}"]\ncapabilities = ["pull", "resolve"]\n`;
  await inNode(['mkdir', '-p', folder]);
  await inNode(['tee', `${folder}/hosts.toml`], toml);
  const mirror = `registry.${namespace}.svc:5000`;
  return {
    settings: {
      PIGGY_REGISTRY_MIRRORS: `${host}=${mirror}`,
      PIGGY_REGISTRY_PLAIN_HTTP: mirror,
    },
    push: async (from, as) => {
      const name = `${address}/${as.slice(host.length + 1)}`;
      await ctrInNode(['images', 'push', '--plain-http', name, `docker.io/${from}`]);
    },
    forget: async () => {
      await inNode(['rm', '-r', folder]);
    },
  };
}

// In place of the package's own, which asks for a password.
const config = `version: 0.1
http: {addr: ':5000'}
storage: {filesystem: {rootdirectory: /images}}
`;

/** Returns its address, host:port, when the node reaches it. */
async function install(namespace: string): Promise<string> {
  const named = { name: 'registry', namespace };
  const labels = { app: 'registry' };
  const container = {
    name: 'registry',
    image: images.registry,
    readinessProbe: { tcpSocket: { port: 5000 }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'images', mountPath: '/images' },
      { name: 'config', mountPath: '/etc/docker/registry' },
    ],
  };
  const volumes = [
    { name: 'images', emptyDir: {} },
    { name: 'config', configMap: { name: 'registry' } },
  ];
  const spec = { enableServiceLinks: false, containers: [container], volumes };
  const template = { metadata: { labels }, spec };
  await apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: named, data: { 'config.yml': config } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named,
      spec: { selector: labels, ports: [{ port: 5000 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named,
      spec: { selector: { matchLabels: labels }, template },
    },
  );
  await rolledOut('deployment/registry', namespace);
  const address = `${await serviceAddress('registry', namespace)}:5000`;
  await until('the node reaches the registry', () =>
    inNode(['curl', '--silent', '--show-error', `http://${address}/v2/`]),
  );
  return address;
}
