// Reads what one image runs: its manifest, the manifests of its platforms, their configs.

import { ProviderError } from '../errors.ts';
import type { Platform, PlatformCommand } from './image-config.ts';
import { PER_IMAGE } from './lookup-budget.ts';
import type { Descriptor, IndexEntry } from './manifest.ts';
import { matchesPlatform } from './platforms.ts';
import type { ReadManifest, RegistryAccess, RegistryClient } from './registry-client.ts';

export type Platforms = {
  /** Of the platforms asked for. */
  readonly commands: readonly PlatformCommand[];
  /** The platforms of the image that were not asked for. */
  readonly others: readonly Platform[];
};

type ImageToRead = {
  readonly access: RegistryAccess;
  readonly top: ReadManifest;
  readonly architectures: readonly string[];
};

type Walk = ImageToRead & {
  readonly registry: RegistryClient;
  readonly signal: AbortSignal;
  readonly seen: Set<string>;
  /** How much may still be read. */
  readonly left: { bytes: number };
};

const { indexDepth: MAX_DEPTH, platforms: MAX_PLATFORMS, bytesRead: MAX_BYTES } = PER_IMAGE;

/** An image without an index is what it is, whatever the `architectures`: so the container runtime sees it too. */
export async function readPlatforms(
  registry: RegistryClient,
  image: ImageToRead,
  signal: AbortSignal,
): Promise<Platforms> {
  const { manifest, digest, size } = image.top;
  const left = { bytes: MAX_BYTES - size };
  const walk: Walk = { ...image, registry, signal, seen: new Set([digest]), left };
  return manifest.kind === 'index'
    ? await readEntries(walk, manifest.entries, 1)
    : { commands: [await readCommand(walk, manifest.config)], others: [] };
}

/** In the order of the index, whichever is read first, so that the same image always gets the same answer. */
async function readEntries(
  walk: Walk,
  entries: readonly IndexEntry[],
  depth: number,
): Promise<Platforms> {
  if (depth > MAX_DEPTH) throw tooLarge(`nests indexes more than ${MAX_DEPTH} deep`);
  const found = await Promise.all(entries.map((entry) => readEntry(walk, entry, depth)));
  return {
    commands: found.flatMap(({ commands }) => commands),
    others: found.flatMap(({ others }) => others),
  };
}

async function readEntry(walk: Walk, entry: IndexEntry, depth: number): Promise<Platforms> {
  const { access, architectures, registry, seen, signal } = walk;
  if (entry.platform && !matchesPlatform(entry.platform, architectures)) {
    return { commands: [], others: [entry.platform] };
  }
  if (seen.has(entry.digest)) return { commands: [], others: [] };
  seen.add(entry.digest);
  if (seen.size > MAX_PLATFORMS) throw tooLarge(`has more than ${MAX_PLATFORMS} platforms`);
  reserve(walk, entry);
  const { manifest } = await registry.readManifest(access, entry, signal);
  if (manifest.kind === 'index') return readEntries(walk, manifest.entries, depth + 1);
  const command = await readCommand(walk, manifest.config);
  const platform = entry.platform ?? command.platform;
  // Where the index does not tell the platform, the image itself has told it only now.
  return matchesPlatform(platform, architectures)
    ? { commands: [{ ...command, platform }], others: [] }
    : { commands: [], others: [platform] };
}

async function readCommand(walk: Walk, config: Descriptor) {
  const { access, registry, signal } = walk;
  reserve(walk, config);
  return registry.readConfig(access, config, signal);
}

/** By what the descriptor says, which is all that is read; before it is read, as the platforms are read side by side. */
function reserve({ left }: Walk, { size }: Descriptor): void {
  left.bytes -= size;
  if (left.bytes < 0) throw tooLarge(`has more than ${MAX_BYTES} bytes of manifests and configs`);
}

function tooLarge(problem: string): ProviderError {
  return new ProviderError(
    'image_unreadable',
    `${problem}; name the digest of one image, or set command`,
  );
}
