// Holds what the golden Pods do not show of native/inject-secrets: what it says while Piggy is not whole, what a webhook adds after
// it, and how large a Pod may be.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { until } from '../../e2e/poll.ts';
import { createTestAuthority } from '../../provider/testing/certificates.ts';
import { kubernetesProgram, newestKubernetes } from '../../tools/kubernetes.ts';
import type { Pod } from '../../tools/kyverno-cli.ts';
import type { Settings } from '../testing/admission.ts';
import { largestPods, tooLargePod } from '../testing/large-pods.ts';
import { type NativeAdmission, startNativeAdmission } from '../testing/native-admission.ts';

const reference = { name: 'A', value: 'piggy:A' };
const app = { name: 'app', image: 'app:v1', command: ['app'], env: [reference] };

function podWith(spec: object, metadata: object = {}): Pod {
  const annotations = { 'piggysec.com/inject': 'true' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', namespace: 'shop', annotations, ...metadata },
    spec: { containers: [app], ...spec },
  };
}

let admission: NativeAdmission;
before(async () => {
  const program = await kubernetesProgram(newestKubernetes(), console.error);
  admission = await startNativeAdmission(program);
});
after(() => admission.stop());

type Container = {
  readonly name: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string }[];
};

function containersOf(pod: Pod): readonly Container[] {
  return (pod['spec'] as { readonly containers: readonly Container[] }).containers;
}

/** Settings that are not there → what the author reads. */
const incomplete: Record<string, [settings: Settings, refusal: string]> = {
  'no PIGGY_ENV_IMAGE': [
    { PIGGY_ENV_IMAGE: '' },
    'the ConfigMap piggy-system/piggy does not set PIGGY_ENV_IMAGE, the launcher image',
  ],
  'no PIGGY_ADDRESS': [
    { PIGGY_ADDRESS: '' },
    'the ConfigMap piggy-system/piggy does not set PIGGY_ADDRESS, where launchers find the provider',
  ],
  'no CA': [
    { 'ca.crt': '' },
    'the ConfigMap piggy-system/piggy-ca is missing or has no ca.crt; is the provider running? It writes its CA there',
  ],
};

for (const [what, [settings, refusal]] of Object.entries(incomplete)) {
  test(`with ${what} a Pod that opts in is refused in these words`, async () => {
    await admission.set();
    await admission.set(settings, 'refused');
    assert.equal((await admission.admit(podWith({}))).refusal, `piggy: ${refusal}`);
  });
}

test('without a mark no Pod is injected', async () => {
  await admission.set();
  await admission.set({ mark: '' }, 'refused');
  assert.match((await admission.admit(podWith({}))).refusal ?? '', /piggy-native has no mark/);
});

test('without the ConfigMap who opted in is refused, and nobody else', async () => {
  await admission.removeSettings();
  assert.match((await admission.admit(podWith({}))).refusal ?? '', /app may use .* not injected/);
  const other = await admission.admit(podWith({}, { annotations: {} }));
  assert.equal(other.refusal, undefined);
  await admission.set();
});

test('a Pod of 40 containers with 100 variables each, all of them with $(NAME), is injected', async () => {
  const texts = Array.from({ length: 99 }, (_, i) => ({ name: `V${i}`, value: `x$(A)y${i}` }));
  const containers = Array.from({ length: 40 }, (_, i) => ({
    ...app,
    name: `app-${i}`,
    command: ['app', '$(A)'],
    env: [reference, ...texts],
  }));
  const { pod, refusal } = await admission.admit(podWith({ containers }));
  assert.equal(refusal, undefined);
  const last = containersOf(pod)[39]?.env.find(({ name }) => name === 'V98')?.value ?? '';
  assert.match(last, /^x<\w+>\$\(A\)<\/\w+>y98$/);
});

for (const [size, pod] of Object.entries(largestPods)) {
  test(`a Pod is injected that has ${size}`, async () => {
    const { pod: injected, refusal } = await admission.admit(pod);
    assert.equal(refusal, undefined);
    assert.match(JSON.stringify(injected), /"PIGGY_UID"/);
  });
}

test('a Pod with more variables than the API server evaluates is refused', async () => {
  assert.match((await admission.admit(tooLargePod)).refusal ?? '', /actual cost limit exceeded/);
});

test("a ConfigMap of the settings' name in the namespace of a Pod's author counts for nothing", async (context) => {
  const path = '/api/v1/namespaces/shop/configmaps';
  const data = {
    PIGGY_ADDRESS: 'https://attacker.example',
    PIGGY_ENV_IMAGE: 'attacker:v1',
    mark: 'a',
  };
  const made = await admission.ask('POST', path, { metadata: { name: 'piggy-native' }, data });
  assert.equal(made.status, 201);
  context.after(() => admission.ask('DELETE', `${path}/piggy-native`));
  const { pod, refusal } = await admission.admit(podWith({}));
  assert.equal(refusal, undefined);
  assert.doesNotMatch(JSON.stringify(pod), /attacker/);
});

test('a container that a webhook adds afterwards is injected, with a token of its own', async (context) => {
  const added = { ...app, name: 'added' };
  await addWebhook(context, [{ op: 'add', path: '/spec/containers/0', value: added }]);
  const labels = { 'add-a-container': 'true' };
  const { pod: injected, refusal } = await until('the webhook is asked', async () => {
    const admitted = await admission.admit(podWith({}, { labels }));
    const isAsked = admitted.refusal !== undefined || containersOf(admitted.pod).length === 2;
    return isAsked ? admitted : undefined;
  });
  assert.equal(refusal, undefined);
  const found = containersOf(injected).map(({ name, command, env, volumeMounts }) => {
    const uid = env.find((one) => one.name === 'PIGGY_UID')?.value;
    return { name, command, uid, token: volumeMounts.at(-1)?.name };
  });
  const command = ['/piggy/piggy-env'];
  assert.deepEqual(found, [
    { name: 'added', command, uid: 'added', token: 'piggy-token-1' },
    { name: 'app', command, uid: 'app', token: 'piggy-token-0' },
  ]);
  assert.deepEqual(audiencesOf(injected), ['piggysec.com/app', 'piggysec.com/added']);
});

function audiencesOf(pod: Pod): readonly string[] {
  const found = JSON.stringify(pod).matchAll(/"audience":"([^"]+)"/g);
  return [...found].map(([, audience = '']) => audience);
}

async function addWebhook(context: { after: (end: () => void) => void }, patch: object) {
  const authority = await createTestAuthority();
  const { certificate: cert, privateKey: key } = await authority.issue();
  const server = createServer({ cert, key }, (request, response) => {
    void json(request).then((review) => {
      const { request: asked } = review as { readonly request: { readonly uid: string } };
      const answer = {
        uid: asked.uid,
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: answer,
        }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { status } = await admission.ask(
    'POST',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    webhook(url, authority.ca),
  );
  assert.equal(status, 201);
}

function webhook(url: string, ca: string): object {
  return {
    metadata: { name: 'adds-a-container' },
    webhooks: [
      {
        name: 'adds-a-container.example.com',
        clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') },
        objectSelector: { matchLabels: { 'add-a-container': 'true' } },
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
        ],
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
      },
    ],
  };
}
