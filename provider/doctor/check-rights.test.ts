import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkRights, readByPolicy } from './check-rights.ts';
import type { ClusterRead, CreateObject } from './cluster-client.ts';

const found = (object: unknown): ClusterRead => ({ kind: 'found', object });
const deployment = found({ spec: { template: { spec: { serviceAccountName: 'admission' } } } });
const place = { kyverno: 'policy', namespace: 'piggy-system' };

type Review = { readonly spec: { readonly resourceAttributes: { readonly name: string } } };

/** Says yes to what is named in this list. */
const allowing =
  (names: readonly string[]): CreateObject =>
  (_path, review) => {
    const { name } = (review as Review).spec.resourceAttributes;
    return Promise.resolve(found({ status: { allowed: names.includes(name) } }));
  };
const always =
  (read: ClusterRead): CreateObject =>
  () =>
    Promise.resolve(read);
const all = readByPolicy.map(({ name }) => name);

const cases: Record<
  string,
  [deployment: ClusterRead, create: CreateObject, status: string, message: RegExp]
> = {
  'all of them': [deployment, allowing(all), 'ok', /policy:admission of Kyverno may read/],
  'not the CA': [
    deployment,
    allowing(['piggy', 'piggy-admission']),
    'fails',
    /policy:admission of Kyverno may not get configmap piggy-ca in namespace piggy-system/,
  ],
  'none of them': [
    deployment,
    allowing([]),
    'fails',
    /may not get configmap piggy, configmap piggy-ca, secret piggy-admission in/,
  ],
  'an answer that says nothing': [deployment, always(found({})), 'fails', /may not get/],
  'a Deployment that names no account': [found({}), allowing(all), 'ok', /policy:default/],
  'no Deployment': [{ kind: 'missing' }, allowing(all), 'not checked', /is not known/],
  'no right to ask': [
    deployment,
    always({ kind: 'forbidden' }),
    'not checked',
    /not allowed to look at the rights of Kyverno/,
  ],
  'an API server without such reviews': [
    deployment,
    always({ kind: 'missing' }),
    'not checked',
    /does not answer questions about rights/,
  ],
  'an API server that fails': [
    deployment,
    always({ kind: 'failed', reason: 'the API server answered 500' }),
    'fails',
    /answered 500/,
  ],
};

for (const [name, [read, create, status, message]] of Object.entries(cases)) {
  test(`rights of Kyverno: ${name}`, async () => {
    const outcome = await checkRights(read, place, create);
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}

test('it asks about the account with its groups, in the namespace of Piggy', async () => {
  const asked: [path: string, review: object][] = [];
  await checkRights(deployment, place, (path, review) => {
    asked.push([path, review]);
    return Promise.resolve(found({ status: { allowed: true } }));
  });
  const path = '/apis/authorization.k8s.io/v1/namespaces/piggy-system/localsubjectaccessreviews';
  assert.deepEqual(asked[2], [
    path,
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'LocalSubjectAccessReview',
      metadata: { namespace: 'piggy-system' },
      spec: {
        user: 'system:serviceaccount:policy:admission',
        groups: ['system:authenticated', 'system:serviceaccounts', 'system:serviceaccounts:policy'],
        resourceAttributes: {
          namespace: 'piggy-system',
          verb: 'get',
          version: 'v1',
          resource: 'secrets',
          name: 'piggy-admission',
        },
      },
    },
  ]);
});

test('it asks about all that inject-secrets reads, and nothing else', () => {
  const file = join(import.meta.dirname, '../../policies/inject-secrets.yaml');
  const read = readFileSync(file, 'utf8').matchAll(
    /resource\.Get\("v1", "(?<resource>\w+)", "piggy-system", "(?<name>[\w-]+)"\)/g,
  );
  assert.deepEqual(
    [...read].map(({ groups }) => ({ ...groups })),
    readByPolicy.map((object) => ({ ...object })),
  );
});
