// Puts Piggy into the cluster: the chart, and then the policies in force.

import { installChart } from './chart.ts';
import { policiesAreInForce } from './policies.ts';
import { step } from './steps.ts';

/**
 * Whatever it finds: also what another installation of it changed or took away is as it is to be. `changed` comes over the
 * values of the tests.
 */
export function installPiggy(changed: Readonly<Record<string, unknown>> = {}): Promise<void> {
  return step('Installing Piggy', async () => {
    await installChart(changed);
    await policiesAreInForce();
  });
}
