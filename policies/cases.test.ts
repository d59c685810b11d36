// Holds inject-secrets and require-injection against the golden Pods of cases/: each has mutated.yaml, or refusal.txt, or
// neither where the Pod comes out untouched. UPDATE_GOLDEN=1 rewrites them; review the diff.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import type { Pod } from '../tools/kyverno-cli.ts';
import {
  startAdmission,
  type Admission,
  type Admitted,
  type Settings,
} from './testing/admission.ts';
import {
  type Golden,
  goldenFolder,
  goldenNames as names,
  podOf,
  readGolden,
  settingsOf,
} from './testing/golden-pods.ts';

let admission: Admission;
const first = new Map<string, Admitted>();
const second = new Map<string, Admitted>();

before(async () => {
  admission = await startAdmission();
  // Cases of the same settings go through the CLI together: it takes most of a second to start.
  for (const [settings, members] of Map.groupBy(names, settingsOf)) {
    await admitAll(
      members.map((name) => [name, podOf(name)]),
      settings,
      first,
    );
    const mutated = members.map((name): [string, Pod] => [
      name,
      first.get(name)?.pod ?? podOf(name),
    ]);
    await admitAll(mutated, settings, second);
  }
});
after(() => admission.stop());

async function admitAll(
  cases: [string, Pod][],
  settings: string,
  into: Map<string, Admitted>,
): Promise<void> {
  const pods = cases.map(([, pod]) => pod);
  const admitted = await admission.admit(pods, parse(settings) as Settings);
  cases.forEach(([name], i) => into.set(name, admitted[i] ?? assert.fail(`${name} was lost`)));
}

for (const name of names) {
  test(`the Pod of cases/${name} comes out as expected`, () => {
    const actual = golden(podOf(name), first.get(name) ?? assert.fail('it was not run'));
    if (process.env['UPDATE_GOLDEN'] === '1') writeGolden(name, actual);
    assert.deepEqual(actual, readGolden(name));
  });

  test(`the Pod of cases/${name} comes out of a second admission as it came out of the first`, () => {
    assert.deepEqual(second.get(name), first.get(name));
  });
}

test('a case has one golden file at most', () => {
  const both = names.filter(
    (name) => Object.values(readGolden(name)).filter((text) => text !== '').length > 1,
  );
  assert.deepEqual(both, []);
});

function golden(original: Pod, { pod, refusal }: Admitted): Golden {
  if (refusal !== undefined)
    return { 'mutated.yaml': '', 'refusal.txt': `${withoutPorts(refusal)}\n` };
  const isUntouched = isDeepStrictEqual(pod, original);
  return {
    'mutated.yaml': isUntouched
      ? ''
      : stringify(withNumberedUids(pod), { lineWidth: 0, version: '1.1' }),
    'refusal.txt': '',
  };
}

/** Uids and marks are random: each becomes its number in the order of the Pod. */
function withNumberedUids(pod: Pod): unknown {
  const text = JSON.stringify(pod);
  const uids = [...text.matchAll(/"name":"PIGGY_UID","value":"([0-9a-f]{32})"/g)];
  const marks = [...text.matchAll(/"name":"PIGGY_MARK","value":"([0-9a-f]{8})"/g)];
  const numbered = [...number(uids, 'uid'), ...number(marks, 'mark')].reduce(
    (t, [random, name]) => t.replaceAll(random, name),
    text,
  );
  return JSON.parse(numbered) as unknown;
}

function number(
  found: readonly RegExpMatchArray[],
  what: string,
): [random: string, name: string][] {
  const different = [...new Set(found.map(([, random = '']) => random))];
  return different.map((random, i) => [random, `${what}-${i + 1}`]);
}

function withoutPorts(text: string): string {
  return text.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT');
}

function writeGolden(name: string, golden: Golden): void {
  for (const [file, text] of Object.entries(golden)) {
    const path = join(goldenFolder, name, file);
    if (text === '') rmSync(path, { force: true });
    else writeFileSync(path, text);
  }
}
