// Holds how inject-secrets marks the texts in which the kubelet puts in $(NAME), to the vectors that the launcher reads as well.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { kyvernoCli } from '../tools/go-tools.ts';
import type { Pod } from '../tools/kyverno-cli.ts';
import { admitPods } from './testing/admission.ts';

type Vector = {
  readonly author: string;
  readonly marked: string;
  readonly names: readonly string[];
};

const file = new URL('../testdata/expansion.json', import.meta.url);
const { marked: vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly marked: Readonly<Record<string, Vector>>;
};

type Container = {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
};

/** What came out, by the name of a variable, with the random mark written `m`. */
let values: ReadonlyMap<string, string>;

before(async () => {
  const authors = Object.values(vectors).map(({ author }) => author);
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', namespace: 'shop', annotations: { 'piggysec.com/inject': 'true' } },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'registry.example/team/app:v1',
          // Any name may then stand for a reference.
          envFrom: [{ configMapRef: { name: 'app' } }],
          command: ['app', ...authors],
          env: authors.map((value, index) => ({ name: `TEXT_${index}`, value })),
        },
      ],
    },
  };
  const [admitted] = await admitPods(await kyvernoCli(console.error), [pod], {});
  const { containers } = admitted?.pod['spec'] as { readonly containers: readonly Container[] };
  const env = containers[0]?.env ?? [];
  const mark = env.find(({ name }) => name === 'PIGGY_MARK')?.value ?? assert.fail('no mark');
  values = new Map(env.map(({ name, value = '' }) => [name, value.replaceAll(mark, 'm')]));
});

Object.entries(vectors).forEach(([name, { marked }], index) => {
  test(`in env: ${name}`, () => {
    assert.equal(values.get(`TEXT_${index}`), marked);
  });
});

Object.entries(vectors).forEach(([name, { names }], index) => {
  test(`in the command: ${name}`, () => {
    assert.equal(values.get(`PIGGY_EXPAND_${index}`), names.map(toPlace).join(''));
  });
});

function toPlace(name: string): string {
  return `<m>$(${name})</m>`;
}
