import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Order, orderScenarios } from './order-scenarios.ts';
import type { Traits } from './scenario-list.ts';

const traits: Readonly<Record<string, Traits>> = {
  beside: { harmless: true },
  changes: {},
  installs: { installs: true },
};

const orders: Record<string, readonly [scenarios: string[], Order]> = {
  'one that installs Piggy comes after all that need it as it is': [
    ['installs', 'changes', 'beside'],
    { together: ['beside'], alone: ['changes', 'installs'] },
  ],
  'those of one kind stay in their order': [
    ['unknown', 'beside', 'changes'],
    { together: ['beside'], alone: ['unknown', 'changes'] },
  ],
};

for (const [name, [scenarios, expected]] of Object.entries(orders)) {
  test(name, () => {
    assert.deepEqual(
      orderScenarios(scenarios, (scenario) => traits[scenario] ?? {}),
      expected,
    );
  });
}
