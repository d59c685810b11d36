// Decides where a registry's redirect may lead, and with what
// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).

import { ProviderError } from '../errors.ts';
import type { Reach } from './addresses.ts';
import { ANONYMOUS, type Credential } from './credential.ts';
import { PER_REQUEST } from './lookup-budget.ts';
import type { OutboundAnswer } from './outbound-client.ts';

export type Hop = {
  readonly url: URL;
  readonly credential: Credential;
  readonly reach: Reach;
};

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function isRedirect({ status }: OutboundAnswer): boolean {
  return REDIRECTS.has(status);
}

/**
 * Another host gets no credential, whether or not it asks for one; what was encrypted stays so; and only what is in private
 * leads to private addresses.
 */
export function selectNextHop(
  { url, credential }: Pick<Hop, 'url' | 'credential'>,
  { headers, onward }: Pick<OutboundAnswer, 'headers' | 'onward'>,
): Hop {
  const { location } = headers;
  const next = typeof location === 'string' ? URL.parse(location, url.href) : null;
  if (!next || !['https:', 'http:'].includes(next.protocol)) {
    throw badRedirect('redirects to nowhere');
  }
  if (url.protocol === 'https:' && next.protocol === 'http:') {
    throw badRedirect('redirects from https to http');
  }
  const isHome = next.origin === url.origin;
  return { url: next, credential: isHome ? credential : ANONYMOUS, reach: onward };
}

export function tooManyRedirects(): ProviderError {
  return badRedirect(`redirects more than ${PER_REQUEST.redirects} times`);
}

function badRedirect(problem: string): ProviderError {
  return new ProviderError(
    'registry_unavailable',
    `${problem}; correct the registry, or set command`,
  );
}
