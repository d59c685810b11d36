// Reads an image reference as the container runtime does, by the distribution/reference grammar
// (https://github.com/distribution/reference, regexp.go and normalize.go).

import { ProviderError } from '../errors.ts';

declare const validated: unique symbol;
export type Digest = string & { readonly [validated]: 'Digest' };

export type ImageReference = {
  readonly registry: string;
  readonly repository: string;
  readonly target: { readonly tag: string } | { readonly digest: Digest };
};

const REFERENCE = /^(?<name>.+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[^@]+))?$/;
const REGISTRY = /^(?:[a-z\d]+(?:(?:\.|-+)[a-z\d]+)*|\[[a-f\d:]+\])(?::\d+)?$/i;
const REPOSITORY = /^(?=.{1,255}$)[a-z\d]+(?:(?:[._/]|__|-+)[a-z\d]+)*$/;
// Docker once took such a name for the id of a local image, so no registry is asked for it.
const IMAGE_ID = /^[a-f\d]{64}$/;
const MAX_LENGTH = 4096;

export function parseImageReference(text: string): ImageReference {
  if (text.length > MAX_LENGTH || IMAGE_ID.test(text)) throw invalidReference(text);
  const { name = '', tag = 'latest', digest } = REFERENCE.exec(text)?.groups ?? {};
  const { registry, repository } = splitName(name);
  const isValid = isRegistry(registry) && REPOSITORY.test(repository);
  if (!isValid) throw invalidReference(text);
  // A digest names the exact image, so it wins over a tag.
  return { registry, repository, target: digest ? { digest: parseDigest(digest) } : { tag } };
}

export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ProviderError('invalid_image_reference', `invalid sha256 digest: ${quote(text)}`);
}

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && /^sha256:[a-f0-9]{64}$/.test(text);
}

/** `team/app:v1` or `team/app@sha256:…`, for messages that name the registry elsewhere. */
export function describeImage({ repository, target }: ImageReference): string {
  return 'tag' in target ? `${repository}:${target.tag}` : `${repository}@${target.digest}`;
}

function splitName(name: string): { registry: string; repository: string } {
  const [first = '', ...rest] = name.split('/');
  const namesHost = rest.length > 0 && /[.:A-Z]|^localhost$/.test(first);
  const registry = !namesHost || first === 'index.docker.io' ? 'docker.io' : first;
  const path = namesHost ? rest.join('/') : name;
  const isOfficial = registry === 'docker.io' && !path.includes('/');
  return { registry, repository: isOfficial ? `library/${path}` : path };
}

function isRegistry(text: string): boolean {
  // The grammar admits hosts and ports that no URL can hold, such as 256.1.1.1 or port 99999.
  return REGISTRY.test(text) && URL.canParse(`https://${text}`);
}

function invalidReference(text: string): ProviderError {
  return new ProviderError(
    'invalid_image_reference',
    `invalid image reference ${quote(text)}: write [registry/]repository[:tag][@digest] in lower case`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
