// What can stand in the env, command and args of generated Pods, before it is decided how a reference is written in them.

import fc from 'fast-check';

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
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly key: string; readonly end: string };

const value: fc.Arbitrary<Value> = fc.oneof(
  text.map((written): Value => ({ kind: 'text', text: written })),
  fc
    .tuple(fc.constantFrom(...Object.keys(secretValues)), fc.constantFrom('', '', '\n', '\r\n'))
    .map(([key, end]): Value => ({ kind: 'reference', key, end })),
);

/** By the object's name, and in it by the key. */
export type Data<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

const data = fc.dictionary(fc.constantFrom(...names), value, { minKeys: 1, maxKeys: 4 });

type Entry =
  | { readonly kind: 'literal'; readonly name: string; readonly value: Value }
  | { readonly kind: 'from'; readonly name: string; readonly valueFrom: object };

const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...names), value).map(toLiteral) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...names), source()).map(toFrom) },
);

export function toLiteral([name, written]: [string, Value]): Entry {
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

const container = fc.record({
  env: fc.array(entry, { maxLength: 8 }),
  envFrom: fc.array(envFrom, { maxLength: 2 }),
  command: fc.array(text, { maxLength: 2 }),
  args: fc.array(text, { maxLength: 3 }),
  configMaps: fc.record({ one: data, two: data }),
  secrets: fc.record({ one: data, two: data }),
});
export type ContainerShape = typeof container extends fc.Arbitrary<infer T> ? T : never;

// The Kyverno CLI compiles the policy again for each Pod, which takes longer than all of these.
const CONTAINERS_OF_A_POD = 10;

export const podShape = fc.record({
  enableServiceLinks: fc.boolean(),
  containers: fc.array(container, {
    minLength: CONTAINERS_OF_A_POD,
    maxLength: CONTAINERS_OF_A_POD,
  }),
});
export type PodShape = typeof podShape extends fc.Arbitrary<infer T> ? T : never;
