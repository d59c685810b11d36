// Holds what an application finds in its environment and its command to what Kubernetes would make of them without Piggy,
// plus secret values: generated Pods go through inject-secrets of either engine, the code of the oldest and the newest kubelet, and
// the real launcher; the same Pods with values in place of references go through the kubelet only.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createTestAuthority } from '../provider/testing/certificates.ts';
import { kyvernoCli } from '../tools/go-tools.ts';
import { kubeletCode, kubernetesProgram, newestKubernetes } from '../tools/kubernetes.ts';
import type { Pod } from '../tools/kyverno-cli.ts';
import { buildLauncher } from '../tools/launcher.ts';
import { capture, output } from '../tools/run.ts';
import { type Admitted, admitPods, type Settings, settingsOfTests } from './testing/admission.ts';
import { generateContainers, type World } from './testing/generated-pods.ts';
import { evaluate, type Evaluated } from './testing/kubelet.ts';
import { startNativeAdmission } from './testing/native-admission.ts';
import { imageVariables, secretValues } from './testing/pod-shapes.ts';

const PODS = 50;
const SEED = 20261127;

const folder = mkdtempSync(join(tmpdir(), 'environment-'));
const application = join(folder, 'application');
const tokenFile = join(folder, 'token');
let launcher: string;
let provider: Server;
const generated = generateContainers(PODS, SEED, application);
let byKyverno: World[];
let natively: World[];

before(async () => {
  writeFileSync(tokenFile, 'token');
  launcher = await buildLauncher(folder);
  const build = ['build', '-o', application, './testdata/application'];
  const cwd = join(import.meta.dirname, '../envlauncher');
  await output('go', build, { cwd, env: { ...process.env, CGO_ENABLED: '0' } });
  const authority = await createTestAuthority();
  const { certificate: cert, privateKey: key } = await authority.issue();
  provider = createServer({ cert, key }, (request, response) => {
    void json(request).then((question) => {
      const { references } = question as { readonly references: readonly string[] };
      const found = references.filter((reference) => reference in secretValues);
      const values = Object.fromEntries(found.map((key) => [key, secretValues[key]]));
      const missing = references.filter((reference) => !(reference in secretValues));
      response.end(JSON.stringify({ values, missing }));
    });
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const address = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const pods = [...new Set(generated.map(({ withReferences }) => withReferences.pod))];
  const settings = { ...settingsOfTests, PIGGY_ADDRESS: address };
  const cluster = { settings, ca: authority.ca };
  byKyverno = toWorlds(pods, await admitPods(await kyvernoCli(console.error), pods, cluster));
  natively = toWorlds(pods, await admitNatively(pods, { ...settings, 'ca.crt': authority.ca }));
});

/** Of the generated containers, in their order. */
function toWorlds(pods: readonly Pod[], outcomes: readonly Admitted[]): World[] {
  for (const { refusal } of outcomes) assert.equal(refusal, undefined);
  const injected = new Map(pods.map((pod, index) => [pod, outcomes[index]?.pod]));
  return generated.map(({ withReferences }) => ({
    ...withReferences,
    pod: injected.get(withReferences.pod) ?? assert.fail(),
  }));
}

async function admitNatively(pods: readonly Pod[], settings: Settings): Promise<Admitted[]> {
  const program = await kubernetesProgram(newestKubernetes(), console.error);
  const admission = await startNativeAdmission(program);
  try {
    await admission.set(settings);
    const admitted: Admitted[] = [];
    for (const pod of pods) admitted.push(await admission.admit(pod));
    return admitted;
  } finally {
    await admission.stop();
  }
}

after(() => {
  provider.close();
  provider.closeAllConnections();
  rmSync(folder, { recursive: true });
});

/** The native policy needs a Kubernetes that is newer than the oldest kubelet. */
const ways: Record<string, [kubelet: 'oldest' | 'newest', admitted: () => readonly World[]]> = {
  "the oldest kubelet's code": ['oldest', () => byKyverno],
  "the newest kubelet's code": ['newest', () => byKyverno],
  "the API server's own policy and the newest kubelet's code": ['newest', () => natively],
};

for (const [way, [which, admittedBy]] of Object.entries(ways)) {
  test(`${generated.length} containers find what Kubernetes would give them, by ${way}`, async () => {
    const admitted = admittedBy();
    const program = await kubeletCode(which, console.error);
    const expected = await evaluate(
      program,
      generated.map(({ withValues }) => withValues),
    );
    const received = await evaluate(program, admitted);
    for (const [index, container] of received.entries()) {
      const { env, command, args } = expected[index] ?? assert.fail();
      const found = await launch(container);
      assert.deepEqual(
        found,
        { argv: [...command, ...args], environment: inContainer(env) },
        `of ${written(generated[index]?.withReferences)} in ${written(admitted[index])}`,
      );
    }
  });
}

/** The container as it stands in its Pod, and what it refers to. */
function written(world: World | undefined): string {
  const { pod, container, ...data } = world ?? assert.fail();
  const { containers } = pod['spec'] as { readonly containers: readonly { name: string }[] };
  return JSON.stringify([containers.find(({ name }) => name === container), data], null, 1);
}

/** The container runtime lays what the kubelet says over the variables of the image. */
function inContainer(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...imageVariables, ...env };
}

type Found = {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

async function launch({ env, command, args }: Evaluated): Promise<Found> {
  assert.deepEqual(command, ['/piggy/piggy-env']);
  const { code, stdout, stderr } = await capture(launcher, args, {
    env: { ...inContainer(env), PIGGY_TOKEN_FILE: tokenFile },
  });
  assert.equal(code, 0, stderr);
  const facts = JSON.parse(stdout) as { Argv: string[]; Environment: string[] };
  const environment = facts.Environment.map((entry): [string, string] => {
    const [name = '', ...rest] = entry.split('=');
    return [name, rest.join('=')];
  });
  return { argv: facts.Argv, environment: Object.fromEntries(environment) };
}
