// Reads what an image runs out of its config blob
// (https://github.com/opencontainers/image-spec/blob/main/config.md).

import { ProviderError } from '../errors.ts';
import { PER_IMAGE } from './lookup-budget.ts';
import type { Digest } from './reference.ts';
import { parseJsonObject, readObject } from './registry-json.ts';

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

/** Absent, null and empty lists all mean that the image does not say. */
export function parseImageConfig(bytes: Uint8Array): PlatformCommand {
  const document = parseJsonObject(bytes, 'image config');
  const config = readObject(document['config'] ?? {}, 'image config');
  const entrypoint = readStrings(config['Entrypoint'], 'entrypoint');
  const cmd = readStrings(config['Cmd'], 'cmd');
  if (Buffer.byteLength(JSON.stringify([entrypoint, cmd])) > PER_IMAGE.commandBytes) {
    throw unreadable(`its entrypoint and cmd are longer than ${PER_IMAGE.commandBytes} bytes`);
  }
  return { platform: parsePlatform(document), entrypoint, cmd };
}

/** What does not name a platform is linux/amd64, as Docker images without one were. */
export function parsePlatform(fields: Readonly<Record<string, unknown>>): Platform {
  const { os, architecture, variant } = fields;
  return {
    os: typeof os === 'string' && os !== '' ? os : 'linux',
    architecture: typeof architecture === 'string' && architecture !== '' ? architecture : 'amd64',
    variant: typeof variant === 'string' && variant !== '' ? variant : undefined,
  };
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
