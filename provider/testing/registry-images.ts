// The documents that make an image in a registry: configs, manifests, indexes.

import { createHash } from 'node:crypto';

export type Platform = {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
};

export type Image = Platform & {
  readonly entrypoint?: readonly string[] | null;
  readonly cmd?: readonly string[] | null;
  readonly format?: 'oci' | 'docker';
};

export type Document = {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly digest: string;
};

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

export function createDocument(contentType: string, content: unknown): Document {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { bytes, contentType, digest };
}

export function createConfig(image: Image): Document {
  const { entrypoint = null, cmd = null, format } = image;
  return createDocument(format === 'docker' ? DOCKER_CONFIG : OCI_CONFIG, {
    ...platformOf(image),
    config: { Entrypoint: entrypoint, Cmd: cmd },
    rootfs: { type: 'layers', diff_ids: [] },
  });
}

export function createManifest({ format }: Image, config: Document): Document {
  const mediaType = format === 'docker' ? DOCKER_MANIFEST : OCI_MANIFEST;
  const content = { schemaVersion: 2, mediaType, config: descriptorOf(config), layers: [] };
  return createDocument(mediaType, content);
}

export function createIndex(
  children: readonly { readonly image: Image; readonly manifest: Document }[],
): Document {
  const isDocker = children.some(({ image }) => image.format === 'docker');
  const mediaType = isDocker ? DOCKER_LIST : OCI_INDEX;
  const manifests = children.map(({ image, manifest }) => ({
    ...descriptorOf(manifest),
    platform: platformOf(image),
  }));
  return createDocument(mediaType, { schemaVersion: 2, mediaType, manifests });
}

export function descriptorOf({ bytes, contentType, digest }: Document): object {
  return { mediaType: contentType, digest, size: bytes.length };
}

function platformOf({ os = 'linux', architecture = 'amd64', variant }: Platform): object {
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
