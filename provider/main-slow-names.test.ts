// Host names that never answer, as an author of Pods can write any number of, leave launches alone: held against the real process
// with a resolver that hears every question and says nothing, which takes root and a mount namespace.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { request } from 'undici';
import { startAws } from './testing/aws.ts';
import { startKubernetesApi } from './testing/kubernetes-api.ts';
import { createQuestion, sealQuestion } from './testing/kyverno.ts';
import { createLaunches } from './testing/launches.ts';
import { installProvider } from './testing/provider-installation.ts';
import { providerCommand, startProvider } from './testing/provider-process.ts';
import { until } from './testing/until.ts';

const RESOLVER = '127.0.7.53';
const UNSHARE = '/usr/bin/unshare';

/** Why it cannot be done on this machine; `undefined` where it can. */
function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root listens on port 53';
  const { status } = spawnSync(UNSHARE, ['--mount', 'true']);
  return status === 0 ? undefined : 'no mount namespace can be made';
}

/** Says nothing until it is told to; from then on that there is no such name. */
async function startSilentResolver() {
  const waiting: (() => void)[] = [];
  let isSilent = true;
  const socket = createSocket('udp4', (question, { address, port }) => {
    const answer = Buffer.from(question);
    // Flags: a response, NXDOMAIN (RFC 1035, section 4.1.1).
    answer.set([0x81, 0x83], 2);
    const send = () => {
      socket.send(answer, port, address);
    };
    if (isSilent) waiting.push(send);
    else send();
  });
  socket.bind(53, RESOLVER);
  await once(socket, 'listening');
  return {
    isAsked: () => waiting.length > 0,
    speak: () => {
      isSilent = false;
      for (const send of waiting.splice(0)) send();
    },
    close: () => {
      socket.close();
    },
  };
}

/** The provider, with a file of its own in place of /etc/resolv.conf. */
function withResolver(context: TestContext): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-resolver-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, `nameserver ${RESOLVER}\noptions timeout:30 attempts:1\n`);
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return ['--mount', '/bin/sh', '-c', script, file, ...providerCommand];
}

const imagesOf = (namespace: string) =>
  Array.from({ length: 20 }, (_, index) => `${namespace}-${index}.example/app:v1`);

test(
  'launches are served while lookups wait for names that never answer',
  {
    skip: whyNot() ?? false,
  },
  async (context) => {
    const resolver = await startSilentResolver();
    const [kubernetes, aws] = await Promise.all([startKubernetesApi(), startAws()]);
    const files = await installProvider({ kubernetes });
    const launches = createLaunches(kubernetes, files);
    const env = {
      ...files.env,
      ...aws.env,
      // By a name: getaddrinfo looks it up in /etc/hosts, on the same threads.
      AWS_ENDPOINT_URL: aws.url.replace('127.0.0.1', 'localhost'),
      PIGGY_LOOKUP_TIMEOUT: '14s',
      PIGGY_REGISTRY_REQUEST_TIMEOUT: '14s',
      PATH: '/usr/bin:/bin',
    };
    const provider = await startProvider(env, withResolver(context), UNSHARE);
    context.after(async () => {
      // A thread that waits for a name holds up the end of the process.
      resolver.speak();
      await provider.stop();
      resolver.close();
      await Promise.all([kubernetes.stop(), aws.stop(), launches.close()]);
      files.remove();
    });
    aws.putSecret('shop/api', '{"A":"1"}');
    const ended: string[] = [];
    const lookups = ['loud', 'louder', 'loudest'].map(async (namespace) => {
      const question = createQuestion({ namespace, images: imagesOf(namespace) });
      const body = sealQuestion(question, files.admissionKey);
      const url = `${provider.lookupUrl}/kyverno/v1/images`;
      const answer = await request(url, { method: 'POST', body });
      await answer.body.dump();
      ended.push(namespace);
    });
    await until(resolver.isAsked);
    const launch = await launches.prepare('shop/api').ask(provider.launchUrl);
    assert.deepEqual([launch.code, ended], ['ok', []]);
    resolver.speak();
    await Promise.all(lookups);
  },
);
