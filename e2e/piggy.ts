// Puts Piggy into the cluster: the chart, and then the policies in force.

import { installChart } from './chart.ts';
import { policiesAreInForce } from './policies.ts';
import { step } from './steps.ts';

/** Doing it again puts back what a scenario took away. */
export function installPiggy(): Promise<void> {
  return step('Installing Piggy', async () => {
    await installChart();
    await policiesAreInForce();
  });
}
