// Words the failure of a lookup for the author of the Pod: what, where, with what, and the next step.

import { ProviderError } from '../errors.ts';
import { ANONYMOUS_SOURCE } from './keychain.ts';
import { describeImage, type ImageReference } from './reference.ts';
import { shorten } from './shorten.ts';

export type Refusal = {
  readonly source: string;
  readonly status: number;
  /** By the registry, in its own words. */
  readonly said?: string | undefined;
};

/** What the sentences are about. */
export type LookupContext = {
  /** As the author wrote it. */
  readonly written: ImageReference;
  /** As it was looked up, on a mirror perhaps. */
  readonly reference: ImageReference;
  readonly meansOwnHost: () => boolean;
  readonly skipVerifyRegistry: boolean;
  readonly skipVerify: boolean;
};

// A denial that is longer, or has a line break, is not shown by the API server.
const MAX_LENGTH = 1_000;

/** Every credential was refused; `notes` say which others could not be tried, and why. */
export function allRefused(
  context: LookupContext,
  { refusals, notes }: { readonly refusals: readonly Refusal[]; readonly notes: readonly string[] },
): ProviderError {
  const statuses = [...new Set(refusals.map(({ status }) => status))];
  const answers = statuses.map((status, index) => {
    const image = index === 0 ? ` for ${describeImage(context.reference)}` : '';
    return `${status}${image} ${listSources(refusals.filter((refusal) => refusal.status === status))}`;
  });
  const isMissing = statuses.every((status) => status === 404);
  const check = isMissing ? 'check its name and tag, ' : '';
  const mend = notes.length > 0 ? 'correct that' : 'add an imagePullSecret';
  const text = [
    `registry ${nameRegistry(context)}: ${answers.join(', ')}`,
    ...quoteRegistry(refusals),
    ...notes,
    `${check}${mend} or set command`,
  ];
  const code = isMissing ? 'image_not_found' : 'registry_denied';
  return new ProviderError(code, toOneLine(text.join('; ')));
}

/** Says of which image a failure is; a mistake of ours goes on as it is. */
export function withContext(context: LookupContext, error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  const isOwnHost = error.code === 'registry_not_allowed' && context.meansOwnHost();
  const { code, cause, message, retryAfterSeconds } = isOwnHost ? ownHost(context, error) : error;
  const where = `registry ${nameRegistry(context)}, image ${describeImage(context.reference)}`;
  const remark = code === 'registry_unavailable' ? remarkOn(context) : '';
  return new ProviderError(code, toOneLine(`${where}: ${message}${remark}`), {
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Only the operator can help, and not by another name of the same host: it is the provider's own Pod. */
function ownHost({ written, reference }: LookupContext, cause: ProviderError): ProviderError {
  const { registry } = reference;
  const isMirrored = written.registry !== registry;
  return new ProviderError(
    cause.code,
    isMirrored
      ? `the mirror ${registry} is the provider's own Pod; set command, or have who runs Piggy correct PIGGY_REGISTRY_MIRRORS to a host that the provider can reach (or list this one in PIGGY_REGISTRY_LOOPBACK_HOSTS, if a registry runs in that Pod)`
      : `${registry} means each node itself, where the provider cannot reach it; set command, or have who runs Piggy map it with PIGGY_REGISTRY_MIRRORS (${registry}=name-the-provider-can-reach:5000), and list that host in PIGGY_REGISTRY_PLAIN_HTTP if it speaks HTTP`,
    { cause },
  );
}

function remarkOn({ meansOwnHost, ...context }: LookupContext): string {
  // Of names under localhost a resolver may know nothing.
  if (meansOwnHost()) {
    return '; a name under localhost means each node itself, so PIGGY_REGISTRY_MIRRORS must map it to one that the provider can reach';
  }
  const isIgnored = context.skipVerifyRegistry && !context.skipVerify;
  return isIgnored
    ? '; image-skip-verify-registry is not permitted for it (PIGGY_REGISTRY_MAY_SKIP_VERIFY)'
    : '';
}

/** Once each, and no more than two: the next step comes after them, and must not be cut off. */
function quoteRegistry(refusals: readonly Refusal[]): readonly string[] {
  const said = new Set(
    refusals.map((refusal) => refusal.said).filter((text) => text !== undefined),
  );
  const quotes = [...said].slice(0, 2).map((text) => `"${text}"`);
  return quotes.length === 0 ? [] : [`it says ${quotes.join(' and ')}`];
}

function nameRegistry({ written, reference }: LookupContext): string {
  const isMirrored = written.registry !== reference.registry;
  return isMirrored ? `${reference.registry} (mirror of ${written.registry})` : reference.registry;
}

/** `with pull secret shop/regcred, with the provider's docker config and anonymously` */
function listSources(refusals: readonly Refusal[]): string {
  const phrases = [
    ...new Set(
      refusals.map(({ source }) =>
        source === ANONYMOUS_SOURCE ? 'anonymously' : `with ${source}`,
      ),
    ),
  ];
  const last = phrases.pop() ?? '';
  return phrases.length === 0 ? last : `${phrases.join(', ')} and ${last}`;
}

function toOneLine(text: string): string {
  const line = text.replaceAll(/\s+|\p{Cc}/gu, ' ');
  return shorten(line, MAX_LENGTH);
}
