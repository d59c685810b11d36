// Holds how inject-secrets asks the provider: only when it must, and believing nobody else's answer.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { kyvernoCli } from '../tools/go-tools.ts';
import type { Cluster, Pod } from '../tools/kyverno-cli.ts';
import {
  admissionKey,
  admitPods,
  settingsOfTests,
  startAdmission,
  type Admission,
  type Admitted,
} from './testing/admission.ts';
import { largestPods, tooLargePod } from './testing/large-pods.ts';

const image = 'registry.example/team/app:v1';
const env = [{ name: 'A', value: 'piggy:A' }];

function podWith(container: object, annotations: object = { 'piggysec.com/inject': 'true' }): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', namespace: 'shop', annotations },
    spec: { containers: [{ name: 'app', image, env, ...container }] },
  };
}

let admission: Admission;
before(async () => {
  admission = await startAdmission();
});
after(() => admission.stop());

const questions: Record<string, [pod: Pod, asked: number]> = {
  'a Pod whose container does not say its command': [podWith({}), 1],
  'a Pod whose containers all say their command': [podWith({ command: ['app'] }), 0],
  'a Pod without references': [podWith({ env: [] }), 0],
  'a Pod that did not opt in': [podWith({}, {}), 0],
  'a Pod that opted out': [
    podWith({}, { 'piggysec.com/inject': 'false', 'piggysec.com/debug': 'true' }),
    0,
  ],
};

for (const [name, [pod, asked]] of Object.entries(questions)) {
  test(`the provider is asked ${asked} times about ${name}`, async () => {
    const before = admission.countQuestions();
    const [admitted] = await admission.admit([pod]);
    assert.equal(admitted?.refusal, undefined);
    assert.equal(admission.countQuestions() - before, asked);
  });
}

test('a Pod of 40 containers with 100 variables each, all of them with $(NAME), is injected', async () => {
  const texts = Array.from({ length: 99 }, (_, i) => ({ name: `V${i}`, value: `x$(A)y${i}` }));
  const containers = Array.from({ length: 40 }, (_, i) => ({
    name: `app-${i}`,
    image,
    command: ['app', '$(A)'],
    env: [...env, ...texts],
  }));
  const [admitted] = await admission.admit([{ ...podWith({}), spec: { containers } }]);
  assert.equal(admitted?.refusal, undefined);
  const { containers: injected } = admitted?.pod['spec'] as {
    containers: { env: { name: string; value: string }[] }[];
  };
  const last = injected[39]?.env.find(({ name }) => name === 'V98')?.value ?? '';
  assert.match(last, /^x<\w+>\$\(A\)<\/\w+>y98$/);
});

for (const [size, pod] of Object.entries(largestPods)) {
  test(`a Pod is injected that has ${size}`, async () => {
    const [admitted] = await admission.admit([pod]);
    assert.equal(admitted?.refusal, undefined);
    assert.match(JSON.stringify(admitted?.pod), /"PIGGY_UID"/);
  });
}

test('a Pod with more variables than the policy engine evaluates is refused', async () => {
  const [admitted] = await admission.admit([tooLargePod]);
  assert.match(admitted?.refusal ?? '', /actual cost limit exceeded/);
});

/** The object that is missing in the cluster → what the author reads. */
const notInstalled: Record<string, [missing: Partial<Cluster>, refusal: string]> = {
  'no ConfigMap piggy': [
    { settings: undefined },
    'the ConfigMap piggy-system/piggy is missing or empty; is Piggy installed in piggy-system?',
  ],
  'no ConfigMap piggy-ca': [
    { ca: undefined },
    'the ConfigMap piggy-system/piggy-ca is missing or has no ca.crt; is the provider running? It writes its CA there',
  ],
  'no Secret piggy-admission': [
    { admissionKey: undefined },
    'the Secret piggy-system/piggy-admission is missing or has no key; is the provider running? It makes that key',
  ],
};

const without = (name: string): Partial<Cluster> => ({
  settings: Object.fromEntries(Object.entries(settingsOfTests).filter(([key]) => key !== name)),
});

for (const [what, [cluster, refusal]] of Object.entries({
  ...notInstalled,
  'no PIGGY_ENV_IMAGE': [
    without('PIGGY_ENV_IMAGE'),
    'the ConfigMap piggy-system/piggy does not set PIGGY_ENV_IMAGE, the launcher image',
  ],
  'no PIGGY_ADDRESS': [
    without('PIGGY_ADDRESS'),
    'the ConfigMap piggy-system/piggy does not set PIGGY_ADDRESS, where launchers find the provider',
  ],
  'no PIGGY_LOOKUP_ADDRESS': [
    without('PIGGY_LOOKUP_ADDRESS'),
    'the ConfigMap piggy-system/piggy does not set PIGGY_LOOKUP_ADDRESS, where Kyverno finds the provider; set command',
  ],
} satisfies typeof notInstalled)) {
  test(`an installation with ${what} is told by what is missing`, async () => {
    const cli = await kyvernoCli(console.error);
    const [admitted] = await admitPods(cli, [podWith({})], cluster);
    assert.equal(admitted?.refusal, `piggy: ${refusal}`);
  });
}

test('a Pod that asks AWS itself needs neither address nor CA of the provider', async () => {
  const annotations = { 'piggysec.com/standalone': 'true' };
  const cli = await kyvernoCli(console.error);
  const cluster = { ...without('PIGGY_ADDRESS'), ca: undefined, admissionKey: undefined };
  const [admitted] = await admitPods(cli, [podWith({ command: ['app'] }, annotations)], cluster);
  assert.equal(admitted?.refusal, undefined);
  assert.deepEqual(argsOf(admitted?.pod ?? assert.fail()), ['--', 'app']);
});

type Answer = (nonce: string) => readonly [status: number, body: object];
type Message = { readonly payload: string; readonly mac: string };

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const seal = (key: string, payload: string): Message => ({
  payload,
  mac: sha256(key + sha256(`${key}answer${payload}`)),
});
const answerTo = (nonce: string) =>
  JSON.stringify({
    nonce,
    images: { [image]: { entrypoint: ['/evil'], cmd: [], digest: '' } },
    errors: {},
  });

/** What stands in the provider's place, and the HTTP status that the refusal names. */
const impostors: Record<string, [answer: Answer, status: string]> = {
  'an answer under another key': [(nonce) => [200, seal('b3RoZXI=', answerTo(nonce))], '200'],
  'an answer to another question': [
    () => [200, seal(admissionKey, answerTo('0'.repeat(32)))],
    '200',
  ],
  'an answer with a changed payload': [
    (nonce) => [200, { ...seal(admissionKey, answerTo(nonce)), payload: `${answerTo(nonce)} ` }],
    '200',
  ],
  'an answer without a seal': [(nonce) => [200, JSON.parse(answerTo(nonce)) as object], '200'],
  'HTTP 401': [() => [401, { code: 'unsealed_message', message: 'no' }], '401'],
};

for (const [name, [answer, status]] of Object.entries(impostors)) {
  test(`${name} is not believed, and the author is told`, async () => {
    const { url, admitted } = await admitWith(answer);
    assert.equal(
      admitted.refusal,
      `piggy: the answer (HTTP ${status}) is not sealed with the key in the Secret piggy-admission: ` +
        `does ${url} lead to the piggy provider, and does it use this key?`,
    );
  });
}

/** What the provider cannot seal, since it has not read the question. */
const unread: Record<string, [status: number, refusal: string]> = {
  'has too much to do': [429, 'the piggy provider has too much to do (HTTP 429); try again'],
  'does not read so long a question': [
    413,
    "the names of this Pod's images and imagePullSecrets are too long together for the piggy provider (HTTP 413, 64 KiB); list fewer, or set command",
  ],
};

for (const [name, [status, refusal]] of Object.entries(unread)) {
  test(`a provider that ${name} refuses the Pod in these words`, async () => {
    const { admitted } = await admitWith(() => [status, { code: 'x', message: 'no' }]);
    assert.equal(admitted.refusal, `piggy: ${refusal}`);
  });
}

test('the right seal is believed, so that the refusals above are about the seal', async () => {
  const { admitted } = await admitWith((nonce) => [200, seal(admissionKey, answerTo(nonce))]);
  assert.equal(admitted.refusal, undefined);
  assert.deepEqual(argsOf(admitted.pod), ['--', '/evil']);
});

test('a provider that is down refuses the Pod, with the address that was tried', async () => {
  const { url, admitted } = await admitWith(undefined);
  assert.ok(admitted.refusal?.includes(`Post "${url}/kyverno/v1/images"`), admitted.refusal);
  assert.match(admitted.refusal ?? '', /connection refused/);
});

/** Admits a Pod whose image must be asked for, with `answer` in the provider's place; nobody where undefined. */
async function admitWith(answer: Answer | undefined): Promise<{ url: string; admitted: Admitted }> {
  const server = createServer((request, response) => {
    void json(request).then((question) => {
      const { nonce } = JSON.parse((question as Message).payload) as { nonce: string };
      const [status, body] = answer?.(nonce) ?? assert.fail('nobody is to be asked');
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (answer === undefined) server.close();
  const cli = await kyvernoCli(console.error);
  const [admitted = assert.fail()] = await admitPods(cli, [podWith({})], {
    settings: { ...settingsOfTests, PIGGY_LOOKUP_ADDRESS: url },
  });
  server.close();
  server.closeAllConnections();
  return { url, admitted };
}

function argsOf(pod: Pod): unknown {
  const { containers } = pod['spec'] as { containers: { args?: string[] }[] };
  return containers[0]?.args;
}
