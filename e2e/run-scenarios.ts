// Runs scenarios, as many at once as may be, and tells of each how it went.

import { join } from 'node:path';
import { forEachAtOnce } from '../tools/at-once.ts';
import { capture, show } from '../tools/run.ts';
import { orderScenarios } from './order-scenarios.ts';
import { fileOf, traitsOf } from './scenario-list.ts';
import { step } from './steps.ts';

const AT_ONCE = 3;

export type Outcomes = Record<string, 'passed' | 'failed'>;

export function runScenarios(scenarios: readonly string[]): Promise<Outcomes> {
  const { together, alone } = orderScenarios(scenarios, traitsOf);
  return step('Running scenarios', async () => {
    const outcomes: Outcomes = {};
    const record = (scenario: string, code: number) => {
      outcomes[scenario] = code === 0 ? 'passed' : 'failed';
    };
    await forEachAtOnce(together, AT_ONCE, async (scenario) => {
      record(scenario, await runQuietly(scenario));
    });
    for (const scenario of alone) record(scenario, await show(process.execPath, argsFor(scenario)));
    return outcomes;
  });
}

/** All that it said comes when it has ended, so that it stands together. */
async function runQuietly(scenario: string): Promise<number> {
  const { code, stdout, stderr } = await capture(process.execPath, argsFor(scenario));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return code;
}

function argsFor(scenario: string): string[] {
  return ['--import', join(import.meta.dirname, 'end-with-run.ts'), '--test', fileOf(scenario)];
}
