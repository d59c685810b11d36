// Holds native/inject-secrets to the golden Pods of ../cases, by an API server's own code: what becomes of each is what Kyverno makes
// of it, but for what differences.ts says.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { kubernetesProgram, newestKubernetes } from '../../tools/kubernetes.ts';
import type { Pod } from '../../tools/kyverno-cli.ts';
import type { Settings } from '../testing/admission.ts';
import { goldenNames, podOf, readGolden, settingsOf } from '../testing/golden-pods.ts';
import { type NativeAdmission, startNativeAdmission } from '../testing/native-admission.ts';
import {
  expectNative,
  refusalWithoutCommand,
  withCommands,
  withoutCommand,
} from './differences.ts';

const MARK = 'abcdef01';

let admission: NativeAdmission;
before(async () => {
  admission = await startNativeAdmission(
    await kubernetesProgram(newestKubernetes(), console.error),
  );
});
after(() => admission.stop());

for (const [settings, names] of Map.groupBy(goldenNames, settingsOf)) {
  test(`with the settings ${JSON.stringify(parse(settings))}`, async (context) => {
    await admission.set({ ...(parse(settings) as Settings), mark: MARK });
    for (const name of names) {
      await context.test(`the Pod of cases/${name} comes out as by Kyverno`, () => holds(name));
    }
  });
}

async function holds(name: string): Promise<void> {
  const pod = podOf(name);
  const silent = withoutCommand[name] ?? [];
  if (silent.length > 0) {
    const { refusal } = await admission.admit(pod);
    assert.equal(refusal, refusalWithoutCommand(pod, silent));
  }
  const { 'mutated.yaml': mutated, 'refusal.txt': refusal } = readGolden(name);
  if (refusal === '') await comesOut(pod, mutated, silent);
  else if (silent.length === 0) {
    assert.equal((await admission.admit(pod)).refusal, refusal.trimEnd());
  }
}

async function comesOut(pod: Pod, mutated: string, silent: readonly string[]): Promise<void> {
  const golden = mutated === '' ? pod : (parse(mutated, { version: '1.1' }) as Pod);
  const author = silent.length === 0 ? pod : withCommands(pod, golden, silent);
  const admitted = await admission.admit(author);
  assert.equal(admitted.refusal, undefined);
  const expected = mutated === '' ? pod : expectNative(golden, author, MARK);
  assert.deepEqual(admitted, await admission.complete(expected));
  assert.deepEqual(await admission.admit(admitted.pod), admitted, 'a second time');
}

test('the differences are of cases that there are', () => {
  const strangers = Object.keys(withoutCommand).filter((name) => !goldenNames.includes(name));
  assert.deepEqual(strangers, []);
});
