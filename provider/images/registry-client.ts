// Reads manifests and blobs from a registry, and follows its redirects
// (https://github.com/opencontainers/distribution-spec).

import {
  createAuthorizedSend,
  type AuthorizedRequest,
  type SendAuthorized,
} from './authorized-request.ts';
import type { Credential } from './credential.ts';
import { parseImageConfig, type PlatformCommand } from './image-config.ts';
import {
  isSchema1,
  MANIFEST_TYPES,
  parseManifest,
  type Descriptor,
  type Manifest,
} from './manifest.ts';
import { PER_REQUEST } from './lookup-budget.ts';
import type { OutboundAnswer, SendOutbound } from './outbound-client.ts';
import type { Asker } from './question-budget.ts';
import { isRedirect, selectNextHop, tooManyRedirects, type Hop } from './redirect.ts';
import { isDigest, type Digest, type ImageReference } from './reference.ts';
import { checkStatus, isRefusal } from './registry-answer.ts';
import { checkContent, digestOf, limitOf } from './registry-content.ts';
import { createTokenReader } from './registry-token.ts';
import { withRetries } from './retry.ts';

/** Whose image is read, and with what. */
export type RegistryAccess = {
  readonly reference: ImageReference;
  readonly credential: Credential;
  readonly plainHttp: boolean;
  readonly skipVerify: boolean;
  readonly asker: Asker;
};

export type ReadManifest = {
  readonly manifest: Manifest;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
};

/**
 * All throw RegistryRefusal where another credential may help, and ProviderError where none will. Documents are parsed here, so
 * that nobody holds their megabytes while more is read.
 */
export type RegistryClient = {
  /** What the tag or digest of the reference names; else this child of it. */
  readonly readManifest: (
    access: RegistryAccess,
    child: Descriptor | undefined,
    signal: AbortSignal,
  ) => Promise<ReadManifest>;
  /** What the tag names now, without reading it; undefined where the registry does not tell. */
  readonly readTagDigest: (
    access: RegistryAccess,
    signal: AbortSignal,
  ) => Promise<Digest | undefined>;
  readonly readConfig: (
    access: RegistryAccess,
    config: Descriptor,
    signal: AbortSignal,
  ) => Promise<PlatformCommand>;
};

export type RegistryClientDependencies = {
  readonly send: SendOutbound;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
};

type Content = Pick<AuthorizedRequest, 'method' | 'accept' | 'maxBytes'> & {
  readonly path: string;
};

const MANIFEST = { method: 'GET', accept: MANIFEST_TYPES.join(', ') } as const;

export function createRegistryClient(dependencies: RegistryClientDependencies): RegistryClient {
  const send = withRetries(dependencies.send, dependencies.random);
  const follow = createFollower(
    createAuthorizedSend(send, createTokenReader(send, dependencies.now)),
  );

  return {
    readManifest: async (access, child, signal) => {
      const digest = child?.digest ?? digestOfTarget(access);
      const content = { ...MANIFEST, path: manifestPath(access, child), maxBytes: limitOf(child) };
      const { body, headers } = checkStatus(
        await follow(access, content, signal),
        access.credential,
      );
      const contentType = textOf(headers['content-type']);
      // Schema 1 has the digest of a part of what is sent, so it is refused as what it is.
      if (!isSchema1(contentType)) checkContent(body, { digest, size: child?.size });
      const manifest = parseManifest(body, contentType);
      return { manifest, digest: digestOf(body), size: body.length };
    },
    readTagDigest: async (access, signal) => {
      const path = manifestPath(access, undefined);
      const answer = await follow(
        access,
        { ...MANIFEST, path, method: 'HEAD', maxBytes: 0 },
        signal,
      );
      // Not every registry knows HEAD; the request for the manifest itself then tells what is wrong.
      if (isRefusal(answer)) return undefined;
      const digest = checkStatus(answer, access.credential).headers['docker-content-digest'];
      return isDigest(digest) ? digest : undefined;
    },
    readConfig: async (access, config, signal) => {
      const path = `blobs/${config.digest}`;
      const content = { path, method: 'GET', accept: '*/*', maxBytes: limitOf(config) } as const;
      const { body } = checkStatus(await follow(access, content, signal), access.credential);
      checkContent(body, config);
      return parseImageConfig(body);
    },
  };
}

function createFollower(sendAuthorized: SendAuthorized) {
  return async (
    access: RegistryAccess,
    { path, ...content }: Content,
    signal: AbortSignal,
  ): Promise<OutboundAnswer> => {
    const { credential, skipVerify, asker } = access;
    let hop: Hop = { url: contentUrl(access, path), credential, reach: 'any' };
    for (let redirects = 0; redirects <= PER_REQUEST.redirects; redirects += 1) {
      const request = { ...hop, ...content, skipVerify, asker };
      const answer = await sendAuthorized(request, signal);
      if (!isRedirect(answer)) return answer;
      hop = selectNextHop(hop, answer);
    }
    throw tooManyRedirects();
  };
}

function manifestPath(
  { reference: { target } }: RegistryAccess,
  child: Descriptor | undefined,
): string {
  const ofTarget = 'digest' in target ? target.digest : target.tag;
  return `manifests/${child?.digest ?? ofTarget}`;
}

function digestOfTarget({ reference: { target } }: RegistryAccess): Digest | undefined {
  return 'digest' in target ? target.digest : undefined;
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}

function contentUrl({ reference, plainHttp }: RegistryAccess, path: string): URL {
  const { registry, repository } = reference;
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  return new URL(`${plainHttp ? 'http' : 'https'}://${host}/v2/${repository}/${path}`);
}
