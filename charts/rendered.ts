// Holds what the chart renders against what is expected of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHelm, type Manifest, parseManifests, type Release } from '../tools/helm.ts';

/** The values, and what of which object is then so; `undefined`: there is no such object. */
export type Option = readonly [release: Release, object: string, expected: object | undefined];

const helm = await createHelm();

export function testOptions(options: Readonly<Record<string, Option>>): void {
  for (const [option, [release, object, expected]] of Object.entries(options)) {
    test(option, async () => {
      const found = await renderObject(release, object);
      if (expected === undefined) assert.equal(found, undefined);
      else assertPart(found, expected, object);
    });
  }
}

/** `object` is `<kind> [<namespace>/]<name>`. */
export async function renderObject(
  release: Release,
  object: string,
): Promise<Manifest | undefined> {
  return parseManifests(await helm.render(release)).find(
    ({ kind, metadata: { namespace, name } }) =>
      [`${kind} ${name}`, `${kind} ${namespace ?? ''}/${name}`].includes(object),
  );
}

export const values = (given: Readonly<Record<string, unknown>>): Release => ({ values: given });
export const native = (given: Readonly<Record<string, unknown>>): Release => ({
  values: { engine: 'native', ...given },
  kubeVersion: '1.36.0',
});
export const container = (expected: object) => pod({ containers: [expected] });
export const pod = (spec: object) => ({ spec: { template: { spec } } });
export const settings = (data: object) => ({ data });

/** Objects may have more than is expected; lists have as many elements, in this order. */
function assertPart(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected !== 'object' || expected === null) {
    assert.deepEqual(actual, expected, path);
    return;
  }
  assert.ok(typeof actual === 'object' && actual !== null, `there is no ${path}`);
  if (Array.isArray(expected)) assert.equal((actual as unknown[]).length, expected.length, path);
  for (const [key, value] of Object.entries(expected)) {
    assertPart((actual as Readonly<Record<string, unknown>>)[key], value, `${path}.${key}`);
  }
}
