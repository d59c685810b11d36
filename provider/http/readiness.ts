// Knows whether the provider can answer: all of its parts are loaded, and it is not about to stop.

export type ReadinessPart =
  'listeners' | 'certificate' | 'sealing key' | 'access rules' | 'CA bundle' | 'policy settings';

export type Readiness = {
  readonly setLoaded: (part: ReadinessPart) => void;
  readonly setStopping: () => void;
  readonly isStopping: () => boolean;
  /** What a person must look at, though the provider answers: `undefined` ends it. */
  readonly setWarning: (part: ReadinessPart, text: string | undefined) => void;
  readonly warnings: () => string[];
  /** Why it is not ready; empty when it is. */
  readonly obstacles: () => string[];
  /** Resolved as soon as all parts are loaded. */
  readonly loaded: Promise<void>;
};

export function createReadiness(): Readiness {
  const missing = new Set<ReadinessPart>([
    'listeners',
    'certificate',
    'sealing key',
    'access rules',
  ]);
  const { promise: loaded, resolve } = Promise.withResolvers<undefined>();
  const warnings = new Map<ReadinessPart, string>();
  let stopping = false;
  return {
    setLoaded: (part) => {
      missing.delete(part);
      if (missing.size === 0) resolve(undefined);
    },
    setWarning: (part, text) => {
      if (text === undefined) warnings.delete(part);
      else warnings.set(part, text);
    },
    warnings: () => [...warnings].map(([part, text]) => `${part}: ${text}`),
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
