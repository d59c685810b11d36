// Holds warn-about-references: what an author is warned of, by the real Kyverno CLI.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { referenceVectors } from '../provider/testing/reference-vectors.ts';
import { kyvernoCli } from '../tools/go-tools.ts';
import { validatePods, type Pod } from '../tools/kyverno-cli.ts';

const warning = (what: string) =>
  `piggy: variable ${what} holds "piggy:" in the middle of its text, where it is no reference; ` +
  'put the reference into a variable of its own, and $(NAME) of that one into the text';

/** The value of the variable DSN → whether it is warned of. */
const values: Record<string, boolean> = {
  'piggy:KEY': false,
  'piggy:piggy:KEY': false,
  'pg://app:piggy:DB_PASSWORD@db': true,
  'first line\npiggy:KEY': true,
  ' piggy:KEY': true,
  'pg://$(A)piggy:_key': true,
  'x piggy:.': true,
  'http://piggy:8080/': false,
  'a piggy: bank': false,
  'Xpiggy:<a1b2c3d4>$(A)</a1b2c3d4>': false,
  '': false,
};

/** Every reference that there can be: as a value it is none to warn of, and within a text it is. */
const references = referenceVectors.flatMap(([, vector]): [string, boolean][] => {
  if ('error' in vector || vector.source === null) return [];
  return [
    [`piggy:${vector.text}`, false],
    [`x piggy:${vector.text}`, true],
  ];
});

const pods = [...Object.entries(values), ...references].map(
  ([value, isWarned]): [string, Pod, string | undefined] => [
    JSON.stringify(value),
    podOf({ containers: [{ name: 'app', image: 'i', env: [{ name: 'DSN', value }] }] }),
    isWarned ? warning('DSN of container app') : undefined,
  ],
);
const others: [string, Pod, string | undefined][] = [
  [
    'a value in an init container',
    podOf({
      initContainers: [{ name: 'init', image: 'i', env: [{ name: 'A', value: 'x piggy:A' }] }],
      containers: [{ name: 'app', image: 'i' }],
    }),
    warning('A of container init'),
  ],
  [
    'a value that comes from elsewhere',
    podOf({
      containers: [
        {
          name: 'app',
          image: 'i',
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'x' } } }],
        },
      ],
    }),
    undefined,
  ],
];
const rows = [...pods, ...others].map(
  ([name, pod, expected], index): [string, Pod, string | undefined] => [
    name,
    { ...pod, metadata: { ...pod.metadata, name: `pod-${index}` } },
    expected,
  ],
);

let warnings: (string | undefined)[];

before(async () => {
  const policy = join(import.meta.dirname, 'warn-about-references.yaml');
  warnings = await validatePods(await kyvernoCli(console.error), {
    policy,
    pods: rows.map(([, pod]) => pod),
  });
});

rows.forEach(([name, , expected], index) => {
  test(`${expected === undefined ? 'says nothing of' : 'warns of'} ${name}`, () => {
    assert.equal(warnings[index], expected);
  });
});

function podOf(spec: object): Pod {
  const annotations = { 'piggysec.com/inject': 'true' };
  const metadata = { name: 'pod', namespace: 'shop', annotations };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec };
}
