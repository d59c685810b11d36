// Decides in which order the scenarios of a run are tried.

import type { Traits } from './scenario-list.ts';

export type Order = {
  /** First, beside one another. */
  readonly together: readonly string[];
  /** Then, one after the other. */
  readonly alone: readonly string[];
};

/** Those that install Piggy come last, so that it is installed for none again as a run installs it. */
export function orderScenarios(
  scenarios: readonly string[],
  traitsOf: (scenario: string) => Traits,
): Order {
  const isHarmless = (scenario: string) => traitsOf(scenario).harmless === true;
  const installs = (scenario: string) => traitsOf(scenario).installs === true;
  const alone = scenarios.filter((scenario) => !isHarmless(scenario));
  return {
    together: scenarios.filter(isHarmless),
    alone: [...alone.filter((scenario) => !installs(scenario)), ...alone.filter(installs)],
  };
}
