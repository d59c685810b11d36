// What one question of Kyverno may use: its author multiplies images, pull secrets and the length of commands. What all lookups
// together may use at once is bounded in images/lookup-limits.ts.

import { ProviderError } from '../errors.ts';
import type { ImageConfig } from '../images/image-config.ts';

/** More than a Pod has containers, less than what would keep registries busy. */
export const MAX_IMAGES = 50;

/** Of one Pod. The API server takes thousands, and a Pod that needs more than these for its images has none of them here. */
const MAX_PULL_SECRETS = 20;

/** Of all commands in an answer, as JSON: the Pod that they are written into has to fit into etcd (1.5 MiB). */
const MAX_ANSWER_BYTES = 1_048_576;

/** Each name once, in their order, and no more than are read. */
export function selectPullSecrets(names: readonly string[]): readonly string[] {
  return [...new Set(names)].slice(0, MAX_PULL_SECRETS);
}

export type Budget = {
  /** Throws `image_unreadable` for what would make the answer too large. */
  readonly spend: (config: ImageConfig) => ImageConfig;
};

export function createAnswerBudget(): Budget {
  let left = MAX_ANSWER_BYTES;
  return {
    spend: (config) => {
      const { entrypoint, cmd } = config;
      const bytes = Buffer.byteLength(JSON.stringify([entrypoint, cmd]));
      if (bytes > left) throw tooLong();
      left -= bytes;
      return config;
    },
  };
}

function tooLong(): ProviderError {
  return new ProviderError(
    'image_unreadable',
    `the commands of this Pod's images are longer than ${MAX_ANSWER_BYTES} bytes in all; set command on the containers`,
  );
}
