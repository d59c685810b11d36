// Knows whether the provider can answer: all of its parts are loaded, and it is not about to stop.

export type ReadinessPart = 'listeners' | 'certificate' | 'sealing key';

export type Readiness = {
  readonly setLoaded: (part: ReadinessPart) => void;
  readonly setStopping: () => void;
  readonly isStopping: () => boolean;
  /** Why it is not ready; empty when it is. */
  readonly obstacles: () => string[];
  /** Resolved as soon as all parts are loaded. */
  readonly loaded: Promise<void>;
};

export function createReadiness(): Readiness {
  const missing = new Set<ReadinessPart>(['listeners', 'certificate', 'sealing key']);
  const { promise: loaded, resolve } = Promise.withResolvers<undefined>();
  let stopping = false;
  return {
    setLoaded: (part) => {
      missing.delete(part);
      if (missing.size === 0) resolve(undefined);
    },
    setStopping: () => {
      stopping = true;
    },
    isStopping: () => stopping,
    obstacles: () => [
      ...(stopping ? ['stopping'] : []),
      ...[...missing].map((part) => `${part} not loaded`),
    ],
    loaded,
  };
}
