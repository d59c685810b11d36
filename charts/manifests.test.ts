// Whatever the values: Helm finds nothing to say, every manifest is of its schema, and rendering twice gives the same bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHelm, type Manifest, parseManifests } from '../tools/helm.ts';
import { createManifestValidator } from '../tools/manifest-schemas.ts';
import { releaseOf, valueSets } from './value-sets.ts';

const helm = await createHelm();
const helm3 = await createHelm('helm3');
const findMistakes = await createManifestValidator();

for (const [what, values] of Object.entries(valueSets)) {
  test(`${what}: helm lint, the schemas of Kubernetes, and the same again`, async () => {
    const release = releaseOf(values);
    const { code, text: found } = await helm.lint(release);
    assert.equal(code, 0, found);
    const text = await helm.render(release);
    const manifests = parseManifests(text);
    assert.deepEqual(manifests.flatMap(findMistakes), []);
    assert.equal(await helm.render(release), text);
    assert.equal(new Set(manifests.map(nameOf)).size, manifests.length, 'one object twice');
  });
}

test('Helm 3 and Helm 4 render the same', async () => {
  const byName = (text: string) =>
    Object.fromEntries(parseManifests(text).map((manifest) => [nameOf(manifest), manifest]));
  assert.deepEqual(byName(await helm3.render()), byName(await helm.render()));
});

test('the validator finds what is wrong', () => {
  const metadata = { name: 'piggy' };
  const wrong: Record<string, [apiVersion: string, kind: string, rest: object, RegExp]> = {
    'a misspelt field': ['v1', 'Service', { spec: { port: [] } }, /additionalProperty":"port"/],
    'a wrong type': ['v1', 'ConfigMap', { data: { a: 1 } }, /\/data\/a must be string/],
    'a kind that does not exist': ['apps/v1', 'Deploiment', {}, /no kind apps\/v1\/Deploiment/],
    'a misspelt field of a custom resource': [
      'policies.kyverno.io/v1',
      'MutatingPolicy',
      { spec: { matchCondition: [] } },
      /additionalProperty":"matchCondition"/,
    ],
  };
  for (const [what, [apiVersion, kind, rest, expected]] of Object.entries(wrong)) {
    assert.match(findMistakes({ apiVersion, kind, metadata, ...rest }).join(), expected, what);
  }
});

function nameOf({ kind, metadata: { namespace = '', name } }: Manifest): string {
  return `${kind} ${namespace}/${name}`;
}
