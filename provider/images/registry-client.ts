// Reads manifests and blobs from a registry: follows its redirects, bounds and checks what it sends
// (https://github.com/opencontainers/distribution-spec).

import { createHash } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import { createAuthorizedSend } from './authorized-request.ts';
import { ANONYMOUS, type Credential } from './credential.ts';
import { MANIFEST_TYPES, type Descriptor } from './manifest.ts';
import type { OutboundAnswer, SendOutbound } from './outbound-client.ts';
import { parseDigest, type Digest, type ImageReference } from './reference.ts';
import { createTokenReader } from './registry-token.ts';
import { readRetryAfterSeconds, withRetries } from './retry.ts';

/** Whose image is read, and with what. */
export type RegistryAccess = {
  readonly reference: ImageReference;
  readonly credential: Credential;
  readonly plainHttp: boolean;
  readonly skipVerify: boolean;
};

export type ManifestBytes = {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly digest: Digest;
};

/** All throw RegistryRefusal where another credential may help, and ProviderError where none will. */
export type RegistryClient = {
  /** What the tag or digest of the reference names; else this child of it. */
  readonly readManifest: (
    access: RegistryAccess,
    child: Descriptor | undefined,
    signal: AbortSignal,
  ) => Promise<ManifestBytes>;
  readonly readConfig: (
    access: RegistryAccess,
    config: Descriptor,
    signal: AbortSignal,
  ) => Promise<Uint8Array>;
};

/** The registry answered 401, 403 or 404: perhaps it would not with another credential. */
export class RegistryRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the registry answered ${status}`);
    this.name = 'RegistryRefusal';
    this.status = status;
  }
}

export type RegistryClientDependencies = {
  readonly send: SendOutbound;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
};

type Content = { readonly path: string; readonly accept: string; readonly maxBytes: number };

const MAX_BYTES = 4_194_304;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createRegistryClient(dependencies: RegistryClientDependencies): RegistryClient {
  const send = withRetries(dependencies.send, dependencies.random);
  const sendAuthorized = createAuthorizedSend(send, createTokenReader(send, dependencies.now));

  const readContent = async (access: RegistryAccess, content: Content, signal: AbortSignal) => {
    const { accept, maxBytes } = content;
    let hop = { url: contentUrl(access, content.path), credential: access.credential };
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const request = { ...hop, accept, maxBytes, skipVerify: access.skipVerify };
      const answer = await sendAuthorized(request, signal);
      if (!REDIRECTS.has(answer.status)) return checkStatus(answer);
      hop = selectNextHop(hop, answer);
    }
    throw badRedirect(`redirects more than ${MAX_REDIRECTS} times`);
  };

  return {
    readManifest: async (access, child, signal) => {
      const { target } = access.reference;
      const digest = child?.digest ?? ('digest' in target ? target.digest : undefined);
      const path = `manifests/${digest ?? ('tag' in target ? target.tag : '')}`;
      const content = { path, accept: MANIFEST_TYPES.join(', '), maxBytes: limitOf(child) };
      const { body, headers } = await readContent(access, content, signal);
      checkContent(body, { digest, size: child?.size });
      const type = headers['content-type'];
      return {
        bytes: body,
        contentType: typeof type === 'string' ? type : '',
        digest: digestOf(body),
      };
    },
    readConfig: async (access, config, signal) => {
      const content = { path: `blobs/${config.digest}`, accept: '*/*', maxBytes: limitOf(config) };
      const { body } = await readContent(access, content, signal);
      checkContent(body, config);
      return body;
    },
  };
}

function contentUrl({ reference, plainHttp }: RegistryAccess, path: string): URL {
  const { registry, repository } = reference;
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  return new URL(`${plainHttp ? 'http' : 'https'}://${host}/v2/${repository}/${path}`);
}

/** Another host gets no credential, whether or not it asks for one; and what was encrypted stays so. */
function selectNextHop(
  { url, credential }: { readonly url: URL; readonly credential: Credential },
  { headers }: OutboundAnswer,
): { url: URL; credential: Credential } {
  const { location } = headers;
  const next = typeof location === 'string' ? URL.parse(location, url.href) : null;
  if (!next || !['https:', 'http:'].includes(next.protocol))
    throw badRedirect('redirects to nowhere');
  if (url.protocol === 'https:' && next.protocol === 'http:') {
    throw badRedirect('redirects from https to http');
  }
  return { url: next, credential: next.origin === url.origin ? credential : ANONYMOUS };
}

function checkStatus(answer: OutboundAnswer): OutboundAnswer {
  const { status } = answer;
  if (status === 200) return answer;
  if (status === 401 || status === 403 || status === 404) throw new RegistryRefusal(status);
  const isBusy = status === 429;
  const retryAfterSeconds = readRetryAfterSeconds(answer);
  throw new ProviderError(
    isBusy ? 'registry_rate_limited' : 'registry_unavailable',
    isBusy
      ? 'answered 429, too many requests; add an imagePullSecret, try again later, or set command'
      : `answered ${status}; try again later, or set command`,
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

function badRedirect(problem: string): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `${problem}; correct the registry, or set command`,
  );
}
