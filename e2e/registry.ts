// A registry in a scenario's namespace, by plain HTTP, that has every image one can ask for: it runs /app.

import { images } from './images.ts';
import { apply, rolledOut, serviceAddress } from './kubectl.ts';
import { inNode } from './node.ts';
import { until } from './poll.ts';

const server = `
  import { createHash } from 'node:crypto';
  import { createServer } from 'node:http';
  const digestOf = (text) => 'sha256:' + createHash('sha256').update(text).digest('hex');
  const config = JSON.stringify({ architecture: '${process.arch === 'x64' ? 'amd64' : 'arm64'}', os: 'linux', config: { Entrypoint: ['/app'] } });
  const type = (kind) => 'application/vnd.oci.image.' + kind + '.v1+json';
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type('manifest'),
    config: { mediaType: type('config'), digest: digestOf(config), size: config.length },
    layers: [],
  });
  createServer((request, response) => {
    const [kind, text] = request.url.includes('/blobs/') ? ['config', config] : ['manifest', manifest];
    response.setHeader('Content-Type', type(kind));
    response.setHeader('Docker-Content-Digest', digestOf(text));
    response.setHeader('Content-Length', text.length);
    response.end(request.method === 'HEAD' ? '' : text);
  }).listen(5000);
`;

/** Returns its host and port, as the provider reaches it. */
export async function startRegistry(namespace: string): Promise<string> {
  const named = { name: 'registry', namespace };
  const labels = { app: 'registry' };
  const container = {
    name: 'registry',
    image: images.provider,
    command: ['/usr/local/bin/node', '--input-type=module', '--eval', server],
    readinessProbe: { tcpSocket: { port: 5000 }, periodSeconds: 1 },
  };
  await apply(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: named,
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named,
      spec: { selector: labels, ports: [{ port: 5000 }] },
    },
  );
  await rolledOut('deployment/registry', namespace);
  // The node learns its Service's address a moment later.
  const address = await serviceAddress('registry', namespace);
  await until('the node reaches the registry', () =>
    inNode(['curl', '--silent', '--show-error', `http://${address}:5000/`]),
  );
  return `registry.${namespace}.svc:5000`;
}
