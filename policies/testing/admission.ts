// What a Pod goes through at admission, without a cluster: inject-secrets by the real Kyverno CLI, which asks the real
// provider process, which asks a registry; then require-injection.

import { join } from 'node:path';
import { installProvider } from '../../provider/testing/provider-installation.ts';
import { startProvider } from '../../provider/testing/provider-process.ts';
import { startRegistry, type TestRegistry } from '../../provider/testing/registry.ts';
import { kyvernoCli } from '../../tools/go-tools.ts';
import {
  mutatePods,
  validatePods,
  type Cluster,
  type Outcome,
  type Pod,
} from '../../tools/kyverno-cli.ts';

export type Settings = Readonly<Record<string, string>>;

export type Admitted = {
  /** What inject-secrets made of the Pod. */
  readonly pod: Pod;
  /** What the author is told, where the Pod is refused by either policy. */
  readonly refusal: string | undefined;
};

export type Admission = {
  /** Admits Pods of different names; `settings` are laid over those of the installation. */
  readonly admit: (pods: readonly Pod[], settings?: Settings) => Promise<Admitted[]>;
  /** How many questions reached the provider so far. */
  readonly countQuestions: () => number;
  readonly stop: () => Promise<void>;
};

export const admissionKey = Buffer.from('the key of the tests').toString('base64');
export const noCertificate = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const policy = (name: string) => join(import.meta.dirname, '..', `${name}.yaml`);

export async function startAdmission(): Promise<Admission> {
  const cli = await kyvernoCli(console.error);
  const open = await startRegistry();
  const closed = await startRegistry({ access: { kind: 'basic', username: 'u', password: 'p' } });
  for (const registry of [open, closed]) addImages(registry);
  const hosts = `${open.host},${closed.host}`;
  const installation = await installProvider({ admissionKey });
  const provider = await startProvider({
    ...installation.env,
    // A busy machine is no reason to fail.
    PIGGY_REGISTRY_REQUEST_TIMEOUT: '14s',
    PIGGY_LOOKUP_TIMEOUT: '14s',
    PIGGY_REGISTRY_MIRRORS: `registry.example=${open.host},private.example=${closed.host}`,
    PIGGY_REGISTRY_PLAIN_HTTP: hosts,
    PIGGY_REGISTRY_LOOPBACK_HOSTS: hosts,
  });
  return {
    admit: (pods, settings) =>
      admitPods(cli, pods, {
        settings: {
          ...settingsOfTests,
          PIGGY_LOOKUP_ADDRESS: provider.lookupUrl,
          ...settings,
        },
      }),
    countQuestions: () => provider.output().split('"/kyverno/v1/images"').length - 1,
    stop: async () => {
      await Promise.all([provider.stop(), open.close(), closed.close()]);
      installation.remove();
    },
  };
}

export const settingsOfTests: Settings = {
  PIGGY_ADDRESS: 'https://piggy.piggy-system.svc',
  PIGGY_LOOKUP_ADDRESS: 'http://127.0.0.1:9',
  PIGGY_ENV_IMAGE: 'ghcr.io/example/piggy-env:v1',
  AWS_REGION: 'eu-west-1',
};

/** As `startAdmission().admit`, with another cluster than the usual one, or whatever listens at PIGGY_LOOKUP_ADDRESS. */
export async function admitPods(
  cli: string,
  pods: readonly Pod[],
  cluster: Partial<Cluster>,
): Promise<Admitted[]> {
  const usual = { settings: settingsOfTests, ca: noCertificate, admissionKey };
  const outcomes = await mutatePods(cli, {
    policy: policy('inject-secrets'),
    pods,
    cluster: { ...usual, ...cluster },
  });
  const mutated = outcomes.map((outcome, i) => ('pod' in outcome ? outcome.pod : pods[i]));
  const refusals = await validatePods(cli, {
    policy: policy('require-injection'),
    pods: mutated.filter((pod) => pod !== undefined),
  });
  return pods.map((pod, i) => admitted(pod, outcomes[i], refusals[i]));
}

function admitted(pod: Pod, outcome: Outcome | undefined, refusal: string | undefined): Admitted {
  if (outcome === undefined || 'error' in outcome) return { pod, refusal: outcome?.error };
  return { pod: outcome.pod, refusal };
}

function addImages(registry: TestRegistry): void {
  registry.addImage('team/app', 'v1', { entrypoint: ['/bin/app'], cmd: ['serve', '--port=80'] });
  registry.addImage('shop/api', 'v1', { entrypoint: ['shop-api'], cmd: ['serve'] });
  registry.addImage('team/proxy', 'v1', { cmd: ['/proxy'] });
  registry.addImage('team/dollars', 'v1', {
    entrypoint: ['/bin/sh', '-c'],
    cmd: ['echo $(HOME) $$ $5 $', '$(DB_PASSWORD)', '$5'],
  });
  registry.addImage('team/nothing', 'v1', { entrypoint: null, cmd: [] });
  registry.addIndex('team/multi', 'v1', [
    { architecture: 'amd64', entrypoint: ['/bin/app-amd64'] },
    { architecture: 'arm64', entrypoint: ['/bin/app-arm64'] },
  ]);
}
