// The Pods whose creation is timed, and what must have become of them: a fast answer that is wrong is worth nothing.

import assert from 'node:assert/strict';

export type Variant = {
  readonly name: string;
  readonly optsIn: boolean;
  readonly isNewImage: boolean;
  /** Of its container. */
  readonly image: (number: number) => string;
  readonly command?: readonly string[];
  /** What its container starts with. */
  readonly argv: readonly string[];
};

const command = ['/bin/server', 'serve'];

/** `registry` has every image, and all of them run /app. */
export function createVariants(registry: string) {
  const ofKnownImage = { isNewImage: false, image: known };
  const ofNewImage = { isNewImage: true, image: unknown };
  const saysItself = { ...ofKnownImage, command, argv: command };
  return {
    other: { name: 'not opted in', optsIn: false, ...saysItself },
    given: { name: 'opted in, command given', optsIn: true, ...saysItself },
    known: { name: 'opted in, known image', optsIn: true, ...ofKnownImage, argv: ['/app'] },
    unknown: { name: 'opted in, new image', optsIn: true, ...ofNewImage, argv: ['/app'] },
  } as const satisfies Record<string, Variant>;

  function known(): string {
    return `${registry}/known:v1`;
  }
  function unknown(number: number): string {
    return `${registry}/new-${number}:v1`;
  }
}

export type Pod = {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly [Container, ...Container[]];
    readonly initContainers?: readonly Container[];
  };
};

type Container = {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};

/** It is created like any other, and then nobody starts it: a Pod with a gate is not scheduled. */
export function describePod({ optsIn, image, command }: Variant, number: number) {
  const container = {
    name: 'app',
    image: image(number),
    ...(command === undefined ? {} : { command }),
    env: [{ name: 'DB_PASSWORD', value: 'piggy:DB_PASSWORD' }],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `app-${number}`,
      ...(optsIn ? { annotations: { 'piggysec.com/inject': 'true' } } : {}),
    },
    spec: { schedulingGates: [{ name: 'bench.piggysec.com/never' }], containers: [container] },
  } as const;
}

/** Throws unless the container starts through the launcher, with what it would have run. */
export function assertInjected({ metadata, spec }: Pod, argv: readonly string[]): void {
  const [container] = spec.containers;
  const initContainers = (spec.initContainers ?? []).map(({ name }) => name);
  assert.deepEqual(
    { initContainers, command: container.command, args: container.args },
    { initContainers: ['install-piggy-env'], command: ['/piggy/piggy-env'], args: ['--', ...argv] },
    `${metadata.name} was not injected as it should be`,
  );
}

/** Throws unless what was written is there, and nothing that injection adds. */
export function assertAsWritten({ metadata, spec }: Pod, written: Pod): void {
  const [container] = spec.containers;
  assert.deepEqual(
    [metadata.annotations, spec.initContainers, container.command, container.args, container.env],
    [
      ...[written.metadata.annotations, undefined],
      ...[written.spec.containers[0].command, undefined, written.spec.containers[0].env],
    ],
    `${metadata.name} is not as it was written`,
  );
  assert.partialDeepStrictEqual(spec, written.spec, `${metadata.name} lost what was written`);
}
