// Every manifest of examples/ is applied as it stands, but for its namespace and its registry: the applications get the values.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { expectedOfExamples, parametersOfExamples, secretsOfExamples } from '../examples.ts';
import { images } from '../images.ts';
import { withRole } from '../irsa.ts';
import { apply, kubectl, type KubernetesObject } from '../kubectl.ts';
import { createNamespace, deleteNamespace } from '../namespaces.ts';
import { installPiggy } from '../piggy.ts';
import { told } from '../pods.ts';
import { startPrivateRegistry } from '../private-registry.ts';
import { pullSecretOf, pullsWith, valuesToTrust } from '../registry-access.ts';
import { openScenario } from '../scenario.ts';
import { createSecret, hashOf, putParameter, putSecretValue } from '../secrets.ts';

const folder = join(import.meta.dirname, '../../examples');
let host = '';

const { namespace } = openScenario('examples', async (namespace) => {
  const registry = await startPrivateRegistry(namespace);
  host = registry.host;
  for (const [, repository = '', tag = ''] of imagesOfExamples()) {
    await registry.push(images.tellsAll, repository, tag);
  }
  await fillAws();
  await createNamespace(`${namespace}-restricted`);
  await installPiggy({ ...(await valuesToTrust(registry)), ...valuesOfExamples() });
  await allowToPull();
  for (const name of Object.keys(expectedOfExamples)) {
    // As users do, so that what the scenario has set in the same objects stays.
    const items = objectsOf(name);
    await kubectl(
      ['apply', '--filename', '-'],
      JSON.stringify({ kind: 'List', apiVersion: 'v1', items }),
    );
  }
});

after(() => deleteNamespace(`${namespace}-restricted`));

for (const [name, expected] of Object.entries(expectedOfExamples)) {
  test(`examples/${name}`, async () => {
    for (const { pod, namespace: of = 'shop', container = 'app', values } of expected) {
      const variables = await told({ pod: here(pod), container, namespace: here(of) });
      for (const [variable, value] of Object.entries(values)) {
        assert.equal(variables[variable], hashOf(here(value)), `${variable} of ${container}`);
      }
    }
  });
}

test('the namespace of examples/restricted enforces what it says', async () => {
  const path = '--output=jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}';
  assert.equal(await kubectl(['get', 'namespace', here('shop-restricted'), path]), 'restricted');
});

/** With this scenario's namespace, and a registry that is there. */
function here(text: string): string {
  return text.replaceAll(/\bshop\b/g, namespace).replaceAll('registry.example', host);
}

function imagesOfExamples(): Iterable<RegExpMatchArray> {
  const texts = globSync('*/*.yaml', { cwd: folder }).map((file) => read(file));
  const names = new Set(texts.flatMap((text) => text.match(/registry\.example\/\S+/g) ?? []));
  return here([...names].join(' ')).matchAll(/\/(\S+):(\S+)/g);
}

async function fillAws(): Promise<void> {
  for (const [name, [first = {}, ...next]] of Object.entries(secretsOfExamples)) {
    await createSecret(here(name), hereIn(first));
    for (const value of next) await putSecretValue(here(name), hereIn(value));
  }
  for (const [name, value] of Object.entries(parametersOfExamples)) {
    await putParameter(here(name), value);
  }
}

/** What makes every image one that may be pulled, as a team's namespace is often set up. */
async function allowToPull(): Promise<void> {
  const restricted = `${namespace}-restricted`;
  await apply(
    pullSecretOf({ name: 'regcred', namespace, host }),
    pullSecretOf({ name: 'regcred', namespace: restricted, host }),
    pullsWith('regcred', { name: 'default', namespace }),
    pullsWith('regcred', { name: 'api', namespace }),
    pullsWith('regcred', { name: 'standalone', namespace }),
    pullsWith('regcred', { name: 'default', namespace: restricted }),
  );
}

type Values = {
  readonly access: object;
  readonly pullSecrets: { readonly namespaces: readonly string[] };
};

/** Of all examples together; the rest of them needs the other namespace, too. */
function valuesOfExamples(): Values {
  const all = globSync('*/values.yaml', { cwd: folder }).map((file) => parse(read(file)) as object);
  const { access, pullSecrets } = hereIn(Object.assign({}, ...all) as Values);
  const namespaces = [...pullSecrets.namespaces, `${namespace}-restricted`];
  return { access, pullSecrets: { namespaces } };
}

function objectsOf(name: string): KubernetesObject[] {
  const files = globSync(`${name}/!(values).yaml`, { cwd: folder }).sort();
  const objects = files.flatMap((file) =>
    parseAllDocuments(here(read(file))).map((document) => document.toJS() as KubernetesObject),
  );
  return name === 'standalone' ? objects.map(asIrsaDoes) : objects;
}

function asIrsaDoes(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'Pod') return object;
  return { ...object, spec: withRole(object['spec'] as { containers: object[] }) };
}

function hereIn<T extends object>(value: T): T {
  return JSON.parse(here(JSON.stringify(value))) as T;
}

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}
