// Decides what an image of several platforms runs: one architecture's command, or what all of them agree on.

import { ProviderError } from '../errors.ts';
import type { ImageCommand, Platform, PlatformCommand } from './image-config.ts';

/** Only Linux counts: Windows Pods are not wrapped. No architectures = any. */
export function matchesPlatform(
  { os, architecture }: Platform,
  architectures: readonly string[],
): boolean {
  return os === 'linux' && (architectures.length === 0 || architectures.includes(architecture));
}

/**
 * `otherPlatforms` are those of the image that were not asked for. Throws `image_not_found` when none is left,
 * and `platforms_disagree` with the nodeSelector that settles it.
 */
export function selectCommand(
  commands: readonly PlatformCommand[],
  architectures: readonly string[],
  otherPlatforms: readonly Platform[] = [],
): ImageCommand {
  const [first] = commands;
  if (!first) throw noSuchPlatform(architectures, otherPlatforms);
  if (!agree(commands)) throw platformsDisagree(commands);
  return { entrypoint: first.entrypoint, cmd: first.cmd };
}

function agree(commands: readonly ImageCommand[]): boolean {
  const distinct = new Set(
    commands.map(({ entrypoint, cmd }) => JSON.stringify([entrypoint, cmd])),
  );
  return distinct.size === 1;
}

function noSuchPlatform(
  architectures: readonly string[],
  others: readonly Platform[],
): ProviderError {
  const wanted =
    architectures.length === 0
      ? 'linux'
      : architectures.map((name) => `linux/${name}`).join(' or ');
  const there = others.length === 0 ? '' : `, only for ${listPlatforms(others)}`;
  return new ProviderError(
    'image_not_found',
    `has nothing for ${wanted}${there}; push it for that platform, correct the nodeSelector, or set command`,
  );
}

function platformsDisagree(commands: readonly PlatformCommand[]): ProviderError {
  const architectures = new Set(commands.map(({ platform }) => platform.architecture));
  const settling = [...architectures].filter((architecture) =>
    agree(commands.filter(({ platform }) => platform.architecture === architecture)),
  );
  const advice =
    settling.length > 0
      ? `add nodeSelector kubernetes.io/arch: ${settling.slice(0, 12).join(' or ')}, or set command`
      : 'set command';
  const platforms = listPlatforms(commands.map(({ platform }) => platform));
  return new ProviderError(
    'platforms_disagree',
    `runs different commands on ${platforms}; ${advice}`,
  );
}

function listPlatforms(platforms: readonly Platform[]): string {
  const names = platforms.map(({ os, architecture, variant }) =>
    [os, architecture, variant].filter((part) => part !== undefined).join('/'),
  );
  return [...new Set(names)].slice(0, 12).join(', ').slice(0, 300);
}
