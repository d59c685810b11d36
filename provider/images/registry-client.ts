// Reads manifests and blobs from a registry: follows its redirects, bounds and checks what it sends
// (https://github.com/opencontainers/distribution-spec).

import { createHash } from 'node:crypto';
import { ProviderError } from '../errors.ts';
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
import { isDigest, parseDigest, type Digest, type ImageReference } from './reference.ts';
import { readRegistryMessage } from './registry-message.ts';
import { createTokenReader } from './registry-token.ts';
import { readRetryAfterSeconds, withRetries } from './retry.ts';

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

/** The registry answered 401, 403 or 404: perhaps it would not with another credential. */
export class RegistryRefusal extends Error {
  readonly status: number;
  /** In its own words. */
  readonly said: string | undefined;

  constructor(status: number, said: string | undefined) {
    super(`the registry answered ${status}`);
    this.name = 'RegistryRefusal';
    this.status = status;
    this.said = said;
  }
}

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

const MAX_BYTES = PER_REQUEST.contentBytes;
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
      const { body, headers } = checkStatus(await follow(access, content, signal), access);
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
      const digest = checkStatus(answer, access).headers['docker-content-digest'];
      return isDigest(digest) ? digest : undefined;
    },
    readConfig: async (access, config, signal) => {
      const path = `blobs/${config.digest}`;
      const content = { path, method: 'GET', accept: '*/*', maxBytes: limitOf(config) } as const;
      const { body } = checkStatus(await follow(access, content, signal), access);
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

/** As all of 4xx, but for those that ask for patience. */
function isRefusal({ status }: OutboundAnswer): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function checkStatus(answer: OutboundAnswer, { credential }: RegistryAccess): OutboundAnswer {
  const { status } = answer;
  if (status === 200) return answer;
  const said = readRegistryMessage(answer, credential);
  if (status === 401 || status === 403 || status === 404) throw new RegistryRefusal(status, said);
  const isBusy = status === 429;
  const quote = said === undefined ? '' : `, it says "${said}"`;
  const retryAfterSeconds = readRetryAfterSeconds(answer);
  throw new ProviderError(
    isBusy ? 'registry_rate_limited' : 'registry_unavailable',
    isBusy
      ? `answered 429, too many requests${quote}; add an imagePullSecret, try again later, or set command`
      : `answered ${status}${quote}; try again later, or set command`,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}

function limitOf(descriptor: Descriptor | undefined): number {
  if (!descriptor) return MAX_BYTES;
  if (descriptor.size <= MAX_BYTES) return descriptor.size;
  throw unreadable(
    `says that a part of it has ${descriptor.size} bytes, more than the ${MAX_BYTES} that are read`,
  );
}

function checkContent(
  bytes: Uint8Array,
  expected: { readonly digest: Digest | undefined; readonly size?: number | undefined },
): void {
  if (expected.size !== undefined && expected.size !== bytes.length) {
    throw unreadable('came with another size than its descriptor says');
  }
  if (expected.digest !== undefined && expected.digest !== digestOf(bytes)) {
    throw unreadable('came with content that does not have its digest');
  }
}

function digestOf(bytes: Uint8Array): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

function unreadable(problem: string): ProviderError {
  return new ProviderError('image_unreadable', `${problem}; push it again, or set command`);
}
