import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from './read-manifest.ts';

const template = {
  metadata: { annotations: { 'piggysec.com/inject': 'true' } },
  spec: { containers: [{ name: 'app', image: 'nginx' }] },
};
const metadata = { name: 'api', namespace: 'shop' };

const manifests: Record<string, object> = {
  Pod: { ...template, metadata: { ...metadata, ...template.metadata } },
  Deployment: { metadata, spec: { replicas: 2, template } },
  CronJob: { metadata, spec: { jobTemplate: { spec: { template } } } },
};

for (const [kind, manifest] of Object.entries(manifests)) {
  test(`finds the Pod of a ${kind}`, () => {
    const { metadata, spec } = parseManifest(JSON.stringify({ kind, ...manifest }), 'default');
    assert.equal(metadata?.namespace, 'shop');
    assert.deepEqual(metadata.annotations, { 'piggysec.com/inject': 'true' });
    assert.deepEqual(spec?.containers, template.spec.containers);
  });
}

test('a manifest without a namespace is of the one that is named', () => {
  const text = 'metadata: {name: api}\nspec: {containers: [{name: app}]}\n';
  assert.equal(parseManifest(text, 'shop').metadata?.namespace, 'shop');
});

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
  .split('')
  .map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i] ?? ''},`.repeat(9)}]\n`)
  .join('')}spec: {containers: [{name: app}]}`;

const refused: Record<string, [text: string, message: RegExp]> = {
  nothing: ['', /one object/],
  'two objects': ['a: 1\n---\nb: 2\n', /one object/],
  'what is not YAML': ['a: [', /not YAML/],
  'an object without containers': ['kind: ConfigMap\ndata: {a: b}\n', /neither a Pod/],
  'a container without a name': ['spec: {containers: [{image: a}]}', /neither a Pod/],
  'a text that is far too long': [`a: ${'x'.repeat(1_100_000)}`, /larger/],
  'aliases that grow without end': [bomb, /alias/i],
};

for (const [name, [text, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseManifest(text, 'default'), { name: 'RangeError', message });
  });
}
