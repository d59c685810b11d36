// Holds what the doctor foretells to what the policy does: the golden Pods of policies/cases.

import type { V1Container, V1Pod } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { expandVariables } from '../launches/signature.ts';
import {
  allContainers,
  expectAdmission,
  expectArgv,
  expectLookup,
  expectSettings,
  isCommandUnknown,
  isWrapped,
  LEFT_OUT_NAMESPACES,
} from './expected-injection.ts';

const policies = join(import.meta.dirname, '../../policies');
const cases = readdirSync(join(policies, 'cases'));
const OWN_NAMESPACE = 'piggy-system';

/** What stands in the registries of policies/testing/admission.ts. */
const images: Readonly<Record<string, { entrypoint?: string[]; cmd?: string[] }>> = {
  'team/app:v1': { entrypoint: ['/bin/app'], cmd: ['serve', '--port=80'] },
  'shop/api:v1': { entrypoint: ['shop-api'], cmd: ['serve'] },
  'team/proxy:v1': { cmd: ['/proxy'] },
  'team/dollars:v1': {
    entrypoint: ['/bin/sh', '-c'],
    cmd: ['echo $(HOME) $$ $5 $', '$(DB_PASSWORD)', '$5'],
  },
  'team/multi:v1 amd64': { entrypoint: ['/bin/app-amd64'] },
  'team/multi:v1 arm64': { entrypoint: ['/bin/app-arm64'] },
};

const read = (name: string, file: string): unknown => {
  const path = join(policies, 'cases', name, file);
  return existsSync(path) ? parse(readFileSync(path, 'utf8')) : undefined;
};
const wrappedIn = (pod: V1Pod) =>
  allContainers(pod)
    .filter(isWrapped)
    .map(({ name }) => name);
const unexpanded = (text: string) => expandVariables(text, new Map());

for (const name of cases) {
  const pod = read(name, 'pod.yaml') as V1Pod;
  const mutated = read(name, 'mutated.yaml') as V1Pod | undefined;
  const isRefused = existsSync(join(policies, 'cases', name, 'refusal.txt'));
  const settings = {
    AWS_REGION: 'eu-west-1',
    ...(read(name, 'settings.yaml') as Record<string, string> | undefined),
  };
  if (isRefused) continue;
  const admission = expectAdmission(pod, OWN_NAMESPACE);
  const expected = admission.injects ? admission.containers : [];

  test(`cases/${name}: those containers are wrapped that the doctor foretells`, () => {
    const before = wrappedIn(pod);
    const wrapped = mutated === undefined ? [] : wrappedIn(mutated);
    assert.deepEqual(
      expected.map(({ name }) => name),
      wrapped.filter((one) => !before.includes(one)),
    );
  });

  for (const container of expected) {
    const golden = allContainers(mutated ?? pod).find((one) => one.name === container.name);

    test(`cases/${name}: container ${container.name} launches what the doctor foretells`, () => {
      const argv = expectArgv(container, imageOf(container, pod));
      assert.deepEqual(argv.map(asInYaml), argvOf(golden));
    });

    test(`cases/${name}: container ${container.name} is told of the secret that the doctor foretells`, () => {
      const env = new Map(
        (golden?.env ?? []).map(({ name, value = '' }) => [name, unexpanded(value)]),
      );
      for (const [name, value] of expectSettings(pod, settings)) {
        assert.equal(value, env.get(name), name);
      }
    });
  }
}

function argvOf(golden: V1Container | undefined): readonly string[] {
  return (golden?.args ?? []).slice(1).map(unexpanded);
}

function imageOf(container: V1Container, pod: V1Pod) {
  if (!isCommandUnknown(container)) return undefined;
  const { architectures } = expectLookup(pod, {});
  const name = (container.image ?? '').replace(/^[^/]+\//, '');
  const found = images[name] ?? images[`${name} ${architectures[0] ?? ''}`];
  if (found === undefined) return assert.fail(`${name} is not in the table`);
  return { entrypoint: found.entrypoint ?? [], cmd: found.cmd ?? [] };
}

/** The Kyverno CLI writes YAML 1.1, in which U+2028 breaks a line and takes the space before it along. */
function asInYaml(text: string): string {
  return text.replaceAll(' \u2028', '\u2028');
}

test('the namespaces that are left out are those of the policy', () => {
  const policy = parse(readFileSync(join(policies, 'inject-secrets.yaml'), 'utf8')) as {
    spec: { matchConstraints: { namespaceSelector: { matchExpressions: { values: string[] }[] } } };
  };
  const [expression] = policy.spec.matchConstraints.namespaceSelector.matchExpressions;
  assert.deepEqual(expression?.values, [...LEFT_OUT_NAMESPACES, OWN_NAMESPACE]);
});

const passed: Record<string, [metadata: object, reason: RegExp]> = {
  'no annotation of ours': [{ annotations: { 'example.com/inject': 'true' } }, /no annotation/],
  'an opt-out': [{ annotations: { 'piggysec.com/inject': 'false' } }, /"false"/],
  'a namespace of the cluster': [
    { namespace: 'kube-system', annotations: { 'piggysec.com/inject': 'true' } },
    /leave out namespace kube-system/,
  ],
  'the namespace of Piggy itself': [
    { namespace: OWN_NAMESPACE, annotations: { 'piggysec.com/inject': 'true' } },
    /leave out namespace piggy-system/,
  ],
};

for (const [name, [metadata, reason]] of Object.entries(passed)) {
  test(`a Pod passes untouched, with the reason: ${name}`, () => {
    const containers = [{ name: 'app', env: [{ name: 'A', value: 'piggy:A' }] }];
    const pod = { metadata, spec: { containers } } as unknown as V1Pod;
    const admission = expectAdmission(pod, OWN_NAMESPACE);
    assert.match(admission.injects ? '' : admission.reason, reason);
  });
}

test('the container that installs the launcher is none of the author, whatever stands in it', () => {
  const env = [{ name: 'A', value: 'piggy:A' }];
  const pod = {
    metadata: { annotations: { 'piggysec.com/inject': 'true' } },
    spec: {
      initContainers: [{ name: 'install-piggy-env', env }],
      containers: [{ name: 'app', env }],
    },
  } as unknown as V1Pod;
  const admission = expectAdmission(pod, OWN_NAMESPACE);
  assert.deepEqual(admission.injects && admission.containers.map(({ name }) => name), ['app']);
});

test('the lookup carries the pull secrets of the Pod, the annotated one last', () => {
  const pod = {
    metadata: {
      namespace: 'shop',
      annotations: {
        'piggysec.com/image-pull-secret': 'extra',
        'piggysec.com/image-skip-verify-registry': 'true',
      },
    },
    spec: { containers: [], imagePullSecrets: [{ name: 'own' }] },
  } as unknown as V1Pod;
  const elsewhere = { PIGGY_IMAGE_PULL_SECRET_NAMESPACE: 'ops' };
  assert.deepEqual(expectLookup(pod, elsewhere), {
    namespace: 'shop',
    architectures: [],
    pullSecrets: [
      { namespace: 'shop', name: 'own' },
      { namespace: 'ops', name: 'extra' },
    ],
    skipVerifyRegistry: true,
  });
});
