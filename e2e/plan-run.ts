// Decides which scenarios a run tries, and says of each other one why it does not.

import { isOlder } from '../tools/kubernetes.ts';
import { assertKnown, type Traits } from './scenario-list.ts';

export type Wish = {
  /** The names of those to try; none: all. */
  readonly only: readonly string[];
  /** Those alone whose promise depends on the version of Kubernetes. */
  readonly versionDependent: boolean;
  /** Its minor version. */
  readonly kubernetes: string;
};

export type Plan = {
  readonly run: readonly string[];
  /** The reason by the scenario's name. */
  readonly notRun: Readonly<Record<string, string>>;
};

/** Throws where nothing is left to try. */
export function planRun(
  { only, versionDependent, kubernetes }: Wish,
  scenarios: readonly string[],
  traitsOf: (scenario: string) => Traits,
): Plan {
  assertKnown(only, scenarios);
  const whyNot = (scenario: string): string | undefined => {
    const { since, dependsOn } = traitsOf(scenario);
    if (only.length > 0 && !only.includes(scenario)) return 'not asked for';
    if (since !== undefined && isOlder(kubernetes, since)) return `needs Kubernetes ${since}`;
    const isLeftOut = versionDependent && dependsOn === undefined;
    return isLeftOut ? 'does not depend on the version' : undefined;
  };
  const reasons = scenarios.map((scenario) => [scenario, whyNot(scenario)] as const);
  const run = reasons.flatMap(([scenario, reason]) => (reason === undefined ? [scenario] : []));
  const left = reasons.flatMap(([scenario, reason]) =>
    reason === undefined ? [] : [[scenario, reason] as const],
  );
  if (run.length > 0) return { run, notRun: Object.fromEntries(left) };
  const asked = left.filter(([, reason]) => reason !== 'not asked for');
  throw new Error(`nothing to run: ${asked.map((one) => one.join(' ')).join(', ')}`);
}
