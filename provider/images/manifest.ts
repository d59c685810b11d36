// Reads a manifest or an image index, Docker's or OCI's, and refuses what is not a container image
// (https://github.com/opencontainers/image-spec, distribution/docs/content/spec/manifest-v2-2.md).

import { ProviderError } from '../errors.ts';
import { parsePlatform, type Platform } from './image-config.ts';
import { isDigest, type Digest } from './reference.ts';
import { isObject, parseJsonObject, readObject, type JsonObject } from './registry-json.ts';
import { shorten } from './shorten.ts';

export type Descriptor = {
  readonly digest: Digest;
  readonly size: number;
};

/** `platform` is absent where only the image's own config tells it. */
export type IndexEntry = Descriptor & { readonly platform: Platform | undefined };

export type Manifest =
  | { readonly kind: 'image'; readonly config: Descriptor }
  | { readonly kind: 'index'; readonly entries: readonly IndexEntry[] };

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/;
const CONFIG_TYPES = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  // What early Docker registries called it; the container runtimes take it too.
  'application/octet-stream',
];

// Of what a document says, in an error.
const MAX_QUOTED = 100;

/** For the Accept header. */
export const MANIFEST_TYPES = [...INDEX_TYPES, ...IMAGE_TYPES];

/** By the Content-Type of the answer. */
export function isSchema1(contentType: string): boolean {
  return SCHEMA_1.test(bareType(contentType));
}

export function parseManifest(bytes: Uint8Array, contentType: string): Manifest {
  const document = parseJsonObject(bytes, 'manifest');
  const type = decideType(document, contentType);
  if (SCHEMA_1.test(type) || document['schemaVersion'] === 1) {
    throw unreadable(
      'is stored as Docker schema 1, which is not read; push it again with a current tool',
    );
  }
  const isIndex =
    INDEX_TYPES.includes(type) || (!IMAGE_TYPES.includes(type) && 'manifests' in document);
  // A document that is both would be one image to us and another to the container runtime (CVE-2021-41190).
  if ('manifests' in document && ('config' in document || 'layers' in document)) {
    throw unreadable('has a manifest that is also an index; push it again');
  }
  return isIndex
    ? { kind: 'index', entries: parseEntries(document['manifests']) }
    : { kind: 'image', config: parseConfigDescriptor(document) };
}

/** Registries that ignore Accept or do not know the type still answer something: header, then field, then shape. */
function decideType(document: JsonObject, contentType: string): string {
  const fromHeader = bareType(contentType);
  const isKnown = MANIFEST_TYPES.includes(fromHeader) || SCHEMA_1.test(fromHeader);
  if (isKnown) return fromHeader;
  return typeof document['mediaType'] === 'string' ? document['mediaType'] : '';
}

/** Without parameters such as `; charset=utf-8`. */
function bareType(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function parseConfigDescriptor(document: JsonObject): Descriptor {
  if (!isObject(document['config'])) throw unreadable('is not a container image: it has no config');
  const { mediaType = 'application/octet-stream' } = document['config'];
  if (typeof mediaType !== 'string' || !CONFIG_TYPES.includes(mediaType)) {
    const type = typeof mediaType === 'string' ? mediaType : 'of a type that is no text';
    throw unreadable(
      `is not a container image: its config is ${JSON.stringify(shorten(type, MAX_QUOTED))}`,
    );
  }
  return parseDescriptor(document['config']);
}

function parseEntries(value: unknown): readonly IndexEntry[] {
  if (!Array.isArray(value)) throw unreadable('has an index without manifests');
  return value
    .map((entry: unknown) => readObject(entry, 'index'))
    .filter((entry) => !isAttached(entry))
    .map((entry) => ({
      ...parseDescriptor(entry),
      platform: isObject(entry['platform']) ? parsePlatform(entry['platform']) : undefined,
    }));
}

/** Attestations and signatures stand in the index beside the images they are about. */
function isAttached({ annotations, artifactType, platform }: JsonObject): boolean {
  if (isObject(annotations) && 'vnd.docker.reference.type' in annotations) return true;
  if (typeof artifactType === 'string' && artifactType !== '') return true;
  return (
    isObject(platform) && (platform['os'] === 'unknown' || platform['architecture'] === 'unknown')
  );
}

function parseDescriptor({ digest, size }: JsonObject): Descriptor {
  if (!isDigest(digest))
    throw unreadable('has a descriptor without a sha256 digest; push it again');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw unreadable('has a descriptor without a size; push it again');
  }
  return { digest, size };
}

function unreadable(problem: string): ProviderError {
  return new ProviderError('image_unreadable', `${problem}; or set command`);
}
