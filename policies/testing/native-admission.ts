// What a Pod goes through at admission by the API server alone: native/inject-secrets and the guards, in Kubernetes' own code.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { until } from '../../e2e/poll.ts';
import type { Pod } from '../../tools/kyverno-cli.ts';
import { type Admitted, noCertificate, type Settings, settingsOfTests } from './admission.ts';
import { type Answer, type ApiServer, startApiServer } from './api-server.ts';

export type NativeAdmission = {
  /**
   * `settings` are laid over those of the installation, and count for all Pods from now on. Whether Pods that opt in are injected
   * or refused then, shows that they do.
   */
  readonly set: (settings?: Settings, outcome?: 'injected' | 'refused') => Promise<void>;
  /** Without the ConfigMap that holds them. */
  readonly removeSettings: () => Promise<void>;
  readonly admit: (pod: Pod) => Promise<Admitted>;
  /** The Pod as the API server completes it, had nobody opted in. */
  readonly complete: (pod: Pod) => Promise<Admitted>;
  readonly ask: ApiServer['ask'];
  readonly stop: () => Promise<void>;
};

const PREFIX = 'piggysec.com/';
const ADMISSION_POLICIES = '/apis/admissionregistration.k8s.io/v1';
const SETTINGS = '/api/v1/namespaces/piggy-system/configmaps';
const serviceAccounts = ['default', 'api'];
const DRY_RUN = '/api/v1/namespaces/shop/pods?dryRun=All';

export async function startNativeAdmission(program: string): Promise<NativeAdmission> {
  const server = await startApiServer(program);
  const { ask, stop } = server;
  const admit = async (pod: Pod) => toAdmitted(pod, await ask('POST', DRY_RUN, pod));
  const complete = (pod: Pod) => completeWith(admit, pod);
  let count = 0;

  async function set(settings: Settings = {}, outcome = 'injected'): Promise<void> {
    const mark = markOfTests(count++);
    const data = { ...settingsOfTests, 'ca.crt': noCertificate, mark, ...settings };
    const object = { metadata: { name: 'piggy-native' }, data };
    const isThere = (await ask('GET', `${SETTINGS}/piggy-native`)).status === 200;
    created(
      isThere
        ? await ask('PUT', `${SETTINGS}/piggy-native`, object)
        : await ask('POST', SETTINGS, object),
    );
    await until('the settings are in force', async () => {
      const { pod, refusal } = await admit(probe);
      if (outcome === 'refused') return refusal === undefined ? undefined : true;
      return JSON.stringify(pod).includes(`"${data.mark}"`) ? true : undefined;
    });
  }

  async function removeSettings(): Promise<void> {
    created(await ask('DELETE', `${SETTINGS}/piggy-native`));
    await until('the settings are gone', async () => {
      const { refusal } = await admit(probe);
      return refusal?.includes('was not injected') === true ? true : undefined;
    });
  }

  try {
    for (const name of ['shop', 'piggy-system', 'kyverno']) {
      created(await ask('POST', '/api/v1/namespaces', { metadata: { name } }));
    }
    for (const name of serviceAccounts) {
      // Otherwise each Pod would get a volume with a random name.
      const account = { metadata: { name }, automountServiceAccountToken: false };
      created(await ask('POST', '/api/v1/namespaces/shop/serviceaccounts', account));
    }
    for (const name of ['native/inject-secrets', 'require-injection', 'protect-injected']) {
      await applyPolicies(server, name);
    }
    await set();
    await until('the guards are in force', async () => {
      const { refusal } = await admit({ ...probe, metadata: withAnnotation('no-such-annotation') });
      return refusal === undefined ? undefined : true;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { set, removeSettings, admit, complete, ask, stop };
}

/** `name` is that of a file, from policies/ and without its .yaml. */
export async function applyPolicies({ ask }: Pick<ApiServer, 'ask'>, name: string): Promise<void> {
  for (const { path, object } of readPolicies(name)) created(await ask('POST', path, object));
}

function markOfTests(count: number): string {
  return `a${count.toString(16).padStart(7, '0')}`;
}

const probe: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: withAnnotation('inject'),
  spec: {
    containers: [
      { name: 'probe', image: 'probe', command: ['probe'], env: [{ name: 'A', value: 'piggy:A' }] },
    ],
  },
};

function withAnnotation(name: string): Pod['metadata'] {
  return { name: 'probe', namespace: 'shop', annotations: { [PREFIX + name]: 'true' } };
}

type Policy = { readonly path: string; readonly object: object };

function readPolicies(name: string): Policy[] {
  const text = readFileSync(join(import.meta.dirname, '..', `${name}.yaml`), 'utf8');
  return parseAllDocuments(text).map((document) => {
    const object = document.toJS() as { readonly kind: string };
    const plural = `${object.kind.toLowerCase().replace(/y$/, 'ie')}s`;
    return { path: `${ADMISSION_POLICIES}/${plural}`, object };
  });
}

function created({ status, body }: Answer): void {
  assert.ok(status < 300, JSON.stringify(body));
}

function toAdmitted(original: Pod, { status, body }: Answer): Admitted {
  if (status === 201) return { pod: withoutServersPart(body as Pod), refusal: undefined };
  const message = String(body['message']);
  return { pod: original, refusal: message.replace(/^.* denied request: /s, '') };
}

/** What the API server gives every object: times, uids, who wrote which field. */
function withoutServersPart(pod: Pod): Pod {
  const { name, namespace, annotations = {}, labels } = pod.metadata;
  return { ...pod, status: {}, metadata: { name, namespace, annotations, labels } };
}

async function completeWith(admit: NativeAdmission['admit'], pod: Pod): Promise<Admitted> {
  const annotations = Object.entries({ ...(pod.metadata['annotations'] as object | undefined) });
  const others = annotations.filter(([name]) => !name.startsWith(PREFIX));
  const metadata = { ...pod.metadata, annotations: Object.fromEntries(others) };
  const completed = await admit({ ...pod, metadata });
  const whole = { ...completed.pod.metadata, annotations: Object.fromEntries(annotations) };
  return { ...completed, pod: { ...completed.pod, metadata: whole } };
}
