// Brings objects into the state that a decision wants, one written step at a time: several replicas do so at once, the first
// writer of each step wins, and the others read what it wrote and go on from there.

import { ProviderError } from '../errors.ts';
import type { OwnObject, OwnObjects } from '../kubernetes/own-objects-client.ts';

export type Decision<Step, Settled> = { readonly step: Step } | { readonly settled: Settled };

export type Settling<Found, Step, Settled> = {
  readonly read: () => Promise<Found>;
  readonly decide: (found: Found) => Decision<Step, Settled>;
  /** The object that the step writes. */
  readonly compose: (step: Step, found: Found) => OwnObject | Promise<OwnObject>;
};

export type Writer = {
  readonly objects: OwnObjects;
  /** Told of each step. */
  readonly note: (step: NotedStep) => void;
};

export type NotedStep = {
  readonly step: string;
  /** `another replica` when that one was faster. */
  readonly by: 'this replica' | 'another replica';
  readonly object: string;
  readonly reason?: string;
};

/** More than any state is away from a settled one, with every step contested by some replicas. */
const MAX_STEPS = 30;
const CLOCK_TOLERANCE_MS = 5 * 60_000;

export async function settle<
  Found,
  Step extends { readonly kind: string; readonly reason?: string },
  Settled,
>(
  { read, decide, compose }: Settling<Found, Step, Settled>,
  { objects, note }: Writer,
): Promise<Settled> {
  for (let count = 0; count < MAX_STEPS; count += 1) {
    const found = await read();
    const decision = decide(found);
    if ('settled' in decision) return decision.settled;
    refuseWrongClock(objects.clockAheadMs());
    const object = await compose(decision.step, found);
    const outcome = await objects.write(object);
    const { kind, reason } = decision.step;
    note({
      step: kind,
      by: outcome === 'written' ? 'this replica' : 'another replica',
      object: `${object.kind} ${objects.namespace}/${object.metadata.name}`,
      ...(reason === undefined ? {} : { reason }),
    });
  }
  throw new ProviderError(
    'internal_error',
    'the objects of the provider do not settle: something else keeps changing or deleting them; find out what does',
  );
}

/** With a wrong clock it would make certificates that hold for nobody, and drop authorities that have not expired. */
function refuseWrongClock(aheadMs: number): void {
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return;
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  throw new ProviderError(
    'internal_error',
    `the clock of this replica is ${minutes} minutes ${aheadMs > 0 ? 'ahead of' : 'behind'} the API server's: ` +
      'correct the clock of its node; until then it makes and renews nothing',
  );
}
