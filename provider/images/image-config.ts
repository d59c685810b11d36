// Reads what an image runs out of its config blob
// (https://github.com/opencontainers/image-spec/blob/main/config.md).

import { ProviderError } from '../errors.ts';
import { PER_IMAGE } from './lookup-budget.ts';
import type { Digest } from './reference.ts';
import { parseJsonObject, readObject } from './registry-json.ts';
import { shorten } from './shorten.ts';

export type ImageCommand = {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
};

/** What an image reference runs. */
export type ImageConfig = ImageCommand & {
  /** What the reference resolved to: of the index, where there is one. */
  readonly digest: Digest;
};

export type Platform = {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
};

export type PlatformCommand = ImageCommand & { readonly platform: Platform };

// Of a part of a platform's name. A node label, to which it is compared, has 63 characters at most.
const MAX_NAME = 64;

/** Absent, null and empty lists all mean that the image does not say. */
export function parseImageConfig(bytes: Uint8Array): PlatformCommand {
  const document = parseJsonObject(bytes, 'image config');
  const config = readObject(document['config'] ?? {}, 'image config');
  const entrypoint = readStrings(config['Entrypoint'], 'entrypoint');
  const cmd = readStrings(config['Cmd'], 'cmd');
  if (isTooLong([entrypoint, cmd])) {
    throw unreadable(`its entrypoint and cmd are longer than ${PER_IMAGE.commandBytes} bytes`);
  }
  return { platform: parsePlatform(document), entrypoint, cmd };
}

/** Characters at first, of which each has a byte or more: a text of megabytes is not copied to be counted. */
function isTooLong(lists: readonly (readonly string[])[]): boolean {
  const characters = lists.flat().reduce((sum, { length }) => sum + length, 0);
  const { commandBytes } = PER_IMAGE;
  return characters > commandBytes || Buffer.byteLength(JSON.stringify(lists)) > commandBytes;
}

/** What does not name a platform is linux/amd64, as Docker images without one were. */
export function parsePlatform(fields: Readonly<Record<string, unknown>>): Platform {
  const { os, architecture, variant } = fields;
  return {
    os: readName(os) ?? 'linux',
    architecture: readName(architecture) ?? 'amd64',
    variant: readName(variant),
  };
}

function readName(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? shorten(value, MAX_NAME) : undefined;
}

function readStrings(value: unknown, name: string): readonly string[] {
  const list = value ?? [];
  const isReadable = Array.isArray(list) && list.every((item) => typeof item === 'string');
  if (!isReadable) throw unreadable(`its ${name} is not a list of strings`);
  // No process can be started with such an argument, and a signature over argv must not be ambiguous.
  if (list.some((item) => item.includes('\0'))) throw unreadable(`its ${name} holds a NUL byte`);
  return list;
}

function unreadable(problem: string): ProviderError {
  return new ProviderError('image_unreadable', `${problem}; build it again or set command`);
}
