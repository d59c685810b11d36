// Makes Pods whose env, command and args use all that Kubernetes offers there, and for each the same Pod with secret values
// where references stand: what Kubernetes makes of the second is what the first is to come to.

import fc from 'fast-check';
import type { Pod } from '../../tools/kyverno-cli.ts';

type Data = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A Pod with one container, and what its env refers to. */
export type World = {
  readonly pod: Pod;
  readonly configMaps: Data;
  readonly secrets: Data;
  readonly services: readonly object[];
};

export type GeneratedPod = {
  readonly withReferences: World;
  readonly withValues: World;
};

/** What a secret has for each key; such text as must come through untouched. */
export const secretValues: Readonly<Record<string, string>> = {
  PASSWORD: 'canary-7f3a',
  DOLLARS: 'canary-7f3b $(A) $$ $ $(B',
  REFERENCE: 'piggy:PASSWORD',
  EMPTY: '',
  MARK: '<00000000>$(A)</00000000>',
  LINES: 'canary-7f3c\nsecond line',
};

/** Variables of the image, which Kubernetes does not know. */
export const imageVariables: Readonly<Record<string, string>> = {
  PATH: '/image/bin',
  A: 'the image has an A',
  IMAGE: 'only the image has it',
};

const names = ['A', 'B', 'C', 'D', 'P_A', 'LOG', 'JAVA_TOOL_OPTIONS'] as const;
const others = ['NOBODY', 'IMAGE', 'PATH', 'DB_SERVICE_HOST', 'DB_PORT', 'KUBERNETES_PORT', ''];

const fragment = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...names, ...others).map((name) => `$(${name})`) },
  { weight: 3, arbitrary: fc.constantFrom('x', ' ', '-javaagent:/a.jar', ' é', 'pg://') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('$$', '$', '(', ')', '$(', '$5', '$x', '{', 'x piggy:A'),
  },
);
// (Nothing beyond ASCII after a "$": up to Kubernetes 1.33 the kubelet garbles it; with Piggy it stays whole in a command.)
const text = fc.array(fragment, { maxLength: 6 }).map((fragments) => fragments.join(''));

/** A text, or the key of a reference, with what stands after it. */
type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly key: string; readonly end: string };

const value: fc.Arbitrary<Value> = fc.oneof(
  text.map((written): Value => ({ kind: 'text', text: written })),
  fc
    .tuple(fc.constantFrom(...Object.keys(secretValues)), fc.constantFrom('', '', '\n', '\r\n'))
    .map(([key, end]): Value => ({ kind: 'reference', key, end })),
);

const data = fc.dictionary(fc.constantFrom(...names), value, { minKeys: 1, maxKeys: 4 });

type Entry =
  | { readonly kind: 'literal'; readonly name: string; readonly value: Value }
  | { readonly kind: 'from'; readonly name: string; readonly valueFrom: object };

const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...names), value).map(toLiteral) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...names), source()).map(toFrom) },
);

function toLiteral([name, written]: [string, Value]): Entry {
  return { kind: 'literal', name, value: written };
}

function toFrom([name, valueFrom]: [string, object]): Entry {
  return { kind: 'from', name, valueFrom };
}

function source(): fc.Arbitrary<object> {
  const key = fc.record({ name: fc.constantFrom('one', 'two'), key: fc.constantFrom(...names) });
  return fc.oneof(
    key.map((ref) => ({ configMapKeyRef: { ...ref, optional: true } })),
    key.map((ref) => ({ secretKeyRef: { ...ref, optional: true } })),
    fc.constant({ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }),
  );
}

const envFrom = fc.oneof(
  fc.record({
    prefix: fc.constantFrom('', 'P_'),
    configMapRef: fc.record({
      name: fc.constantFrom('one', 'two', 'none'),
      optional: fc.constant(true),
    }),
  }),
  fc.record({
    prefix: fc.constantFrom('', 'P_'),
    secretRef: fc.record({ name: fc.constantFrom('one', 'two'), optional: fc.constant(true) }),
  }),
);

const shape = fc.record({
  env: fc.array(entry, { maxLength: 8 }),
  envFrom: fc.array(envFrom, { maxLength: 2 }),
  command: fc.array(text, { maxLength: 2 }),
  args: fc.array(text, { maxLength: 3 }),
  configMaps: fc.record({ one: data, two: data }),
  secrets: fc.record({ one: data, two: data }),
  enableServiceLinks: fc.boolean(),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** The same Pods for the same seed. `program` is what they start. */
export function generatePods(count: number, seed: number, program: string): GeneratedPod[] {
  return fc.sample(shape, { numRuns: count, seed }).map((shape, index) => {
    const name = `generated-${index}`;
    return {
      withReferences: toWorld({ name, program, write: writeReference }, shape),
      withValues: toWorld({ name, program, write: writeValue }, shape),
    };
  });
}

/** How a reference is written: literally in a Pod, where the kubelet expands it, or in a ConfigMap, where it does not. */
type Write = (key: string, end: string, place: 'pod' | 'data') => string;

const writeReference: Write = (key, end) => `piggy:${key}${end}`;
const writeValue: Write = (key, _, place) => {
  const found = secretValues[key] ?? '';
  return place === 'pod' ? found.replaceAll('$', '$$$$') : found;
};

type Making = { readonly name: string; readonly program: string; readonly write: Write };

function toWorld({ name, program, write }: Making, shape: Shape): World {
  const put = (written: Value, place: 'pod' | 'data') =>
    written.kind === 'text' ? written.text : write(written.key, written.end, place);
  const putAll = (all: Readonly<Record<string, Readonly<Record<string, Value>>>>): Data =>
    Object.fromEntries(
      Object.entries(all).map(([name, data]) => [
        name,
        Object.fromEntries(Object.entries(data).map(([key, text]) => [key, put(text, 'data')])),
      ]),
    );
  const container = {
    name: 'app',
    image: 'registry.example/team/app:v1',
    command: [program, ...shape.command],
    args: shape.args,
    envFrom: shape.envFrom,
    // So that it is always wrapped.
    env: [...shape.env, toLiteral(['LAST', { kind: 'reference', key: 'PASSWORD', end: '' }])].map(
      (one) =>
        one.kind === 'from'
          ? { name: one.name, valueFrom: one.valueFrom }
          : { name: one.name, value: put(one.value, 'pod') },
    ),
  };
  return {
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', annotations: { 'piggysec.com/inject': 'true' } },
      spec: { enableServiceLinks: shape.enableServiceLinks, containers: [container] },
    },
    configMaps: putAll(shape.configMaps),
    secrets: putAll(shape.secrets),
    services,
  };
}

const services = [
  service({ namespace: 'default', name: 'kubernetes' }, '10.96.0.1', 443),
  service({ namespace: 'shop', name: 'db' }, '10.96.0.2', 5432),
  service({ namespace: 'other', name: 'log' }, '10.96.0.3', 80),
];

function service(metadata: object, clusterIP: string, port: number): object {
  const ports = [{ port, protocol: 'TCP' }];
  return { metadata, spec: { clusterIP, clusterIPs: [clusterIP], ports } };
}
