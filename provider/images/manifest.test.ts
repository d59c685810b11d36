import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProviderError } from '../errors.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../testing/registry-images.ts';
import { parseManifest, type Manifest } from './manifest.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const parse = (document: unknown, contentType = '') =>
  parseManifest(Buffer.from(JSON.stringify(document)), contentType);

const config = (mediaType?: string) => ({ mediaType, digest: DIGEST, size: 12 });
const image = { kind: 'image', config: { digest: DIGEST, size: 12 } };
const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };
const entry = { digest: DIGEST, size: 12, platform: { os: 'linux', architecture: 'amd64' } };
const index = { kind: 'index', entries: [{ digest: DIGEST, size: 12, platform: amd64 }] };

const read: Record<string, [document: unknown, contentType: string, expected: unknown]> = {
  'an OCI manifest': [{ config: config(OCI_CONFIG), layers: [] }, OCI_MANIFEST, image],
  'a Docker manifest': [{ config: config(DOCKER_CONFIG), layers: [] }, DOCKER_MANIFEST, image],
  'a content type with parameters': [
    { config: config(OCI_CONFIG) },
    `${OCI_MANIFEST.toUpperCase()}; charset=utf-8`,
    image,
  ],
  'a manifest known by its field': [
    { mediaType: OCI_MANIFEST, config: config(OCI_CONFIG) },
    'application/json',
    image,
  ],
  'a manifest known by its shape': [{ config: config(OCI_CONFIG) }, 'text/plain', image],
  'a config of an early registry': [{ config: config('application/octet-stream') }, '', image],
  'a config without a type': [{ config: config() }, '', image],
  'an OCI index': [{ manifests: [entry] }, OCI_INDEX, index],
  'a Docker manifest list': [{ manifests: [entry] }, DOCKER_LIST, index],
  'an index known by its field': [{ mediaType: OCI_INDEX, manifests: [entry] }, '', index],
  'an index known by its shape': [{ manifests: [entry] }, '', index],
  'an empty index': [{ manifests: [] }, OCI_INDEX, { kind: 'index', entries: [] }],
  'an index that leaves the platform to the image': [
    { manifests: [{ digest: DIGEST, size: 12 }] },
    OCI_INDEX,
    { kind: 'index', entries: [{ digest: DIGEST, size: 12, platform: undefined }] },
  ],
  'an index without its attestations and signatures': [
    {
      manifests: [
        { ...entry, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
        { ...entry, platform: { os: 'unknown', architecture: 'unknown' } },
        { ...entry, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' },
        entry,
      ],
    },
    OCI_INDEX,
    index,
  ],
};

for (const [name, [document, contentType, expected]] of Object.entries(read)) {
  test(`reads ${name}`, () => {
    assert.deepEqual(parse(document, contentType), expected as Manifest);
  });
}

const refused: Record<string, [document: unknown, contentType: string, message: RegExp]> = {
  'schema 1': [
    { schemaVersion: 1, fsLayers: [] },
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    /Docker schema 1, which is not read; push it again with a current tool; or set command/,
  ],
  'schema 1 under another type': [{ schemaVersion: 1, fsLayers: [] }, '', /Docker schema 1/],
  'a Helm chart': [
    { config: config('application/vnd.cncf.helm.config.v1+json') },
    OCI_MANIFEST,
    /is not a container image: its config is "application\/vnd.cncf.helm.config.v1\+json"/,
  ],
  'a config of a long type': [
    { config: config('x'.repeat(1_000)) },
    OCI_MANIFEST,
    /its config is "x{99}…"; or set command$/,
  ],
  'a config of a type that is a list': [
    { config: { mediaType: Array(1_000).fill('x'), digest: DIGEST, size: 1 } },
    OCI_MANIFEST,
    /its config is "of a type that is no text"; or set command$/,
  ],
  'an artifact with an empty config': [
    { artifactType: 'text/x', config: config('application/vnd.oci.empty.v1+json') },
    OCI_MANIFEST,
    /is not a container image/,
  ],
  'a manifest without a config': [{ layers: [] }, OCI_MANIFEST, /is not a container image/],
  'a config that is a text': [{ config: DIGEST }, OCI_MANIFEST, /is not a container image/],
  'both a manifest and an index': [
    { config: config(OCI_CONFIG), manifests: [entry] },
    OCI_INDEX,
    /also an index/,
  ],
  'an index with layers': [{ layers: [], manifests: [entry] }, OCI_INDEX, /also an index/],
  'an index without manifests': [{}, OCI_INDEX, /without manifests/],
  'an index of texts': [{ manifests: ['a'] }, OCI_INDEX, /malformed/],
  'a descriptor without a digest': [
    { manifests: [{ size: 1 }] },
    OCI_INDEX,
    /without a sha256 digest/,
  ],
  'a descriptor with a digest that could be a path': [
    { config: { mediaType: OCI_CONFIG, digest: '../../x', size: 1 } },
    OCI_MANIFEST,
    /without a sha256 digest/,
  ],
  'a descriptor without a size': [
    { config: { mediaType: OCI_CONFIG, digest: DIGEST } },
    OCI_MANIFEST,
    /without a size/,
  ],
  'a negative size': [
    { config: { mediaType: OCI_CONFIG, digest: DIGEST, size: -1 } },
    OCI_MANIFEST,
    /without a size/,
  ],
  'a list': [[], OCI_MANIFEST, /malformed/],
  null: [null, OCI_MANIFEST, /malformed/],
};

for (const [name, [document, contentType, message]] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parse(document, contentType), { code: 'image_unreadable', message });
  });
}

// The cause of what JSON.parse throws is all of the text.
test('refuses what is not JSON or not UTF-8, without a cause that would hold it', () => {
  for (const bytes of [Buffer.from('<html>'), Buffer.from([0x22, 0xff, 0x22]), Buffer.alloc(0)]) {
    const expected = { code: 'image_unreadable', cause: undefined };
    assert.throws(() => parseManifest(bytes, OCI_MANIFEST), expected);
  }
});

test('any document is read or refused', () => {
  const types = fc.constantFrom(OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, '', 'text/html');
  const names = fc.constantFrom('config', 'manifests', 'layers', 'mediaType', 'digest', 'size');
  const documents = fc.oneof(
    fc.json(),
    fc.string(),
    fc.dictionary(names, fc.jsonValue()).map((d) => JSON.stringify(d)),
  );
  fc.assert(
    fc.property(documents, types, (document, type) => {
      try {
        parseManifest(Buffer.from(document), type);
      } catch (error) {
        assert.ok(error instanceof ProviderError && error.code === 'image_unreadable');
      }
    }),
    { numRuns: 1_000 },
  );
});

test('hostile documents are read or refused at once', () => {
  const started = performance.now();
  const nested = `{"manifests":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
  assert.throws(() => parseManifest(Buffer.from(nested), OCI_INDEX), ProviderError);
  const many = { manifests: Array.from({ length: 1_000 }, () => entry) };
  parse(many, `${' '.repeat(100_000)};`);
  assert.ok(performance.now() - started < 500);
});
