// The provider renews its serving certificate and its sealing key while Pods start all the time, each with a lookup and a
// request: none is refused, and each gets its values at its first start.

import { after, test } from 'node:test';
import { images } from '../images.ts';
import { apply, kubectl } from '../kubectl.ts';
import { underLoad } from '../load.ts';
import { provider, takeDown } from '../outages.ts';
import { installPiggy } from '../piggy.ts';
import { podOf } from '../pods.ts';
import { until } from '../poll.ts';
import { startPrivateRegistry } from '../private-registry.ts';
import { pullSecretOf, valuesToTrust } from '../registry-access.ts';
import { openScenario } from '../scenario.ts';
import { canary, createSecret } from '../secrets.ts';

// A new sealing key is used ten polls after it was made.
const shortLives = {
  PIGGY_KEY_POLL: '500ms',
  PIGGY_CERTIFICATE_LIFETIME: '30s',
  PIGGY_SEALING_KEY_ROTATION: '15s',
  PIGGY_SEALING_KEY_OVERLAP: '10s',
};
const inNamespace = '--namespace=piggy-system';
let image = '';

const { namespace } = openScenario('renewed', async (namespace) => {
  const registry = await startPrivateRegistry(namespace);
  const { host } = registry;
  image = `${host}/team/app@${await registry.push(images.tellsAll, 'team/app', 'v1')}`;
  await createSecret(`${namespace}/default`, { DB_PASSWORD: canary() });
  await apply(pullSecretOf({ name: 'pull', namespace, host }));
  const { env, ...volumes } = await valuesToTrust(registry);
  const pullSecrets = { namespaces: [namespace] };
  await installPiggy({ ...volumes, pullSecrets, env: { ...env, ...shortLives } });
  // The present certificate is not due: what replaces it has the short life.
  await removeCertificate();
  await until('there is another one', () => entryOf('secret/piggy-tls', 'tls\\.crt'));
});

after(async () => {
  // The certificate of short life would end before a replica with usual settings looks at it again, and a replica that is
  // still ending would make another such.
  await takeDown(provider);
  await removeCertificate();
});

test('Pods that start while certificate and sealing key are renewed again and again', () =>
  underLoad(pod, async () => {
    // At the second renewal the certificate before the first has expired.
    await Promise.all([
      changes('secret/piggy-tls', 'tls\\.crt', 2),
      changes('secret/piggy-admission', 'key', 2),
    ]);
  }));

async function changes(object: string, entry: string, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    const before = await entryOf(object, entry);
    await until(`${object} was renewed`, async () =>
      (await entryOf(object, entry)) === before ? undefined : true,
    );
  }
}

function entryOf(object: string, entry: string): Promise<string> {
  return kubectl(['get', object, inNamespace, `--output=jsonpath={.data.${entry}}`]);
}

async function removeCertificate(): Promise<void> {
  await kubectl(['delete', 'secret', 'piggy-tls', inNamespace]);
}

function pod(name: string) {
  const env = [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }];
  const containers = [{ name: 'app', image, args: ['migrate'], env }];
  const spec = { containers, restartPolicy: 'Never', imagePullSecrets: [{ name: 'pull' }] };
  return podOf({ name, namespace, annotations: { inject: 'true' }, spec });
}
