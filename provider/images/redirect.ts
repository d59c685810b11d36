// Decides where a registry's redirect may lead, and with what
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).

import { ProviderError } from '../errors.ts';
import { ANONYMOUS, type Credential } from './credential.ts';
import type { OutboundAnswer } from './outbound-client.ts';

export type Hop = { readonly url: URL; readonly credential: Credential };

export const MAX_REDIRECTS = 5;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect({ status }: OutboundAnswer): boolean {
  return REDIRECTS.has(status);
}

/** Another host gets no credential, whether or not it asks for one; and what was encrypted stays so. */
export function selectNextHop(
  { url, credential }: Hop,
  { headers }: Pick<OutboundAnswer, 'headers'>,
): Hop {
  const { location } = headers;
  const next = typeof location === 'string' ? URL.parse(location, url.href) : null;
  if (!next || !['https:', 'http:'].includes(next.protocol)) {
    throw badRedirect('redirects to nowhere');
  }
  if (url.protocol === 'https:' && next.protocol === 'http:') {
    throw badRedirect('redirects from https to http');
  }
  return { url: next, credential: next.origin === url.origin ? credential : ANONYMOUS };
}

export function tooManyRedirects(): ProviderError {
  return badRedirect(`redirects more than ${MAX_REDIRECTS} times`);
}

function badRedirect(problem: string): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `${problem}; correct the registry, or set command`,
  );
}
