import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { decideAdmissionPolicy, decideInjectSecrets, decideKyverno } from './check-policies.ts';
import type { ClusterRead } from './cluster-client.ts';

const found = (object: unknown): ClusterRead => ({ kind: 'found', object });
const missing: ClusterRead = { kind: 'missing' };
const forbidden: ClusterRead = { kind: 'forbidden' };
const broken: ClusterRead = { kind: 'failed', reason: 'the API server answered 500' };

const deployment = (image: string, readyReplicas?: number): ClusterRead =>
  found({ spec: { template: { spec: { containers: [{ image }] } } }, status: { readyReplicas } });

const kyverno: Record<string, [read: ClusterRead, status: string, message: RegExp]> = {
  'a release that is ready': [
    deployment('reg.kyverno.io/kyverno/kyverno:v1.19.1', 3),
    'ok',
    /1\.19; ready replicas: 3/,
  ],
  'a later major version': [deployment('kyverno:2.0.0-rc.1', 1), 'ok', /Kyverno 2\.0/],
  'a tag with a digest': [deployment(`kyverno:v1.20.0@sha256:${'0'.repeat(64)}`, 1), 'ok', /1\.20/],
  'a release that is too old': [deployment('kyverno:v1.18.4', 1), 'fails', /Kyverno is 1\.18/],
  'an old one with a high patch number': [deployment('kyverno:v1.2.30', 1), 'fails', /1\.2/],
  'no replica': [deployment('kyverno:v1.19.1'), 'fails', /no replica of Kyverno 1\.19 is ready/],
  'an image that tells no version': [
    deployment('mirror:5000/kyverno:latest', 1),
    'not checked',
    /latest/,
  ],
  'a port is no version': [deployment('mirror:1.2/kyverno', 1), 'not checked', /mirror/],
  'no such deployment': [missing, 'fails', /there is no deployment kyverno\/c/],
  'no right to look': [forbidden, 'not checked', /not allowed to look at deployment kyverno\/c/],
  'an API server that fails': [broken, 'fails', /answered 500/],
  'an object without anything': [found({}), 'not checked', /do not tell a version/],
};

for (const [name, [read, status, message]] of Object.entries(kyverno)) {
  test(`Kyverno: ${name}`, () => {
    const outcome = decideKyverno(read, 'kyverno/c');
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}

const shipped = (name: string) =>
  parse(readFileSync(join(import.meta.dirname, `../../policies/${name}.yaml`), 'utf8')) as object;
const policy = (conditionStatus: object) =>
  found({ ...shipped('inject-secrets'), status: { conditionStatus } });
const unready = {
  ready: false,
  conditions: [
    {
      type: 'WebhookConfigured',
      status: 'False',
      message: 'Policy is not configured in the webhook.',
    },
    { type: 'RBACPermissionsGranted', status: 'True', message: 'fine' },
  ],
};

const injectSecrets: Record<string, [read: ClusterRead, status: string, message: RegExp]> = {
  'ready, as shipped': [policy({ ready: true }), 'ok', /ready/],
  'not ready, with the reason that Kyverno gives': [
    policy(unready),
    'fails',
    /ready; Policy is not configured in the webhook\.$/,
  ],
  'without any status yet': [
    found(shipped('inject-secrets')),
    'fails',
    /not have inject-secrets ready$/,
  ],
  missing: [missing, 'fails', /there is no MutatingPolicy inject-secrets/],
  'no right to look': [forbidden, 'not checked', /not allowed to look/],
};

for (const [name, [read, status, message]] of Object.entries(injectSecrets)) {
  test(`inject-secrets: ${name}`, () => {
    const outcome = decideInjectSecrets(read, 'piggy-system');
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}

test('inject-secrets as shipped is wrong where Piggy runs in another namespace', () => {
  const outcome = decideInjectSecrets(policy({ ready: true }), 'security');
  assert.equal(outcome.status, 'fails');
  assert.match(outcome.message, /in namespace piggy-system, and Piggy runs in security/);
});

const binding = (...validationActions: string[]) => found({ spec: { validationActions } });
const native: Record<
  string,
  [policy: ClusterRead, binding: ClusterRead, status: string, message: RegExp]
> = {
  'there and bound': [found({}), binding('Deny', 'Audit'), 'ok', /bound to deny/],
  'bound to warn only': [found({}), binding('Warn'), 'fails', /does not deny/],
  'without a binding': [found({}), missing, 'fails', /has no binding/],
  missing: [missing, binding('Deny'), 'fails', /there is no ValidatingAdmissionPolicy/],
  'no right to look at it': [
    forbidden,
    binding('Deny'),
    'not checked',
    /the policy require-injection/,
  ],
  'no right to look at the binding': [
    found({}),
    forbidden,
    'not checked',
    /the binding require-injection/,
  ],
};

for (const [name, [read, bound, status, message]] of Object.entries(native)) {
  test(`require-injection: ${name}`, () => {
    const outcome = decideAdmissionPolicy('require-injection', { policy: read, binding: bound });
    assert.equal(outcome.status, status);
    assert.match(outcome.message, message);
  });
}
