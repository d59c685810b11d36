// What all lookups together may do at once, so that launches, which share the provider's memory and its connections to the API
// server, do not wait behind them; and of that, each namespace's share.

import { createSlots, type Slots } from '../concurrency/slots.ts';
import { withTimeLimit } from '../concurrency/time-limit.ts';
import { untilAborted } from '../concurrency/until-aborted.ts';
import { AT_ONCE } from './lookup-budget.ts';
import type { CredentialDependencies } from './read-credentials.ts';
import { createSingleFlight } from './single-flight.ts';

export type LookupLimits = {
  readonly images: Slots;
  /** A Secret that several images of a Pod need is read once for them. */
  readonly readSecret: CredentialDependencies['readSecret'];
};

export function createLookupLimits(
  readSecret: CredentialDependencies['readSecret'],
  timeoutMs: number,
): LookupLimits {
  const slots = createSlots(AT_ONCE.pullSecrets);
  const share = createSingleFlight<Awaited<ReturnType<typeof readSecret>>>();
  return {
    images: createSlots(AT_ONCE.images),
    readSecret: (namespace, name, signal) => {
      // Its own time limit, and nobody's signal: who started it may leave before the others.
      const read = () =>
        withTimeLimit({ timeoutMs }, (patience) =>
          slots.run({ key: namespace, signal: patience }, () =>
            readSecret(namespace, name, patience),
          ),
        );
      return untilAborted(share(`${namespace}/${name}`, read), signal);
    },
  };
}
