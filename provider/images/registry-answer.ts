// Decides by its status what the answer of a registry means: that it is there, that another credential may help, or that none will.

import { ProviderError } from '../errors.ts';
import type { Credential } from './credential.ts';
import type { OutboundAnswer } from './outbound-client.ts';
import { readRegistryMessage } from './registry-message.ts';
import { readRetryAfterSeconds } from './retry.ts';

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

/** As all of 4xx, but for those that ask for patience. */
export function isRefusal({ status }: OutboundAnswer): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Throws RegistryRefusal where another credential may help, and ProviderError where none will. */
export function checkStatus(answer: OutboundAnswer, credential: Credential): OutboundAnswer {
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
