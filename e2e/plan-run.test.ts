import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planRun, type Plan, type Wish } from './plan-run.ts';
import { allScenarios, type Traits, traitsOf } from './scenario-list.ts';

const scenarios: Readonly<Record<string, Traits>> = {
  always: {},
  newer: { since: '1.35', dependsOn: 'a feature' },
  old: { dependsOn: 'the kubelet' },
};
const all: Wish = { only: [], versionDependent: false, kubernetes: '1.37' };
const plan = (wish: Partial<Wish>): Plan =>
  planRun({ ...all, ...wish }, Object.keys(scenarios), (name) => scenarios[name] ?? {});

const independent = 'does not depend on the version';
const plans: Record<string, readonly [Partial<Wish>, run: string[], notRun: object]> = {
  'all of them': [{}, ['always', 'newer', 'old'], {}],
  'all on an older Kubernetes': [
    { kubernetes: '1.34' },
    ['always', 'old'],
    { newer: 'needs Kubernetes 1.35' },
  ],
  'all on the first Kubernetes that has what one needs': [
    { kubernetes: '1.35' },
    ['always', 'newer', 'old'],
    {},
  ],
  'those that depend on the version': [
    { versionDependent: true },
    ['newer', 'old'],
    { always: independent },
  ],
  'those that depend on the version, on an older Kubernetes': [
    { versionDependent: true, kubernetes: '1.30' },
    ['old'],
    { always: independent, newer: 'needs Kubernetes 1.35' },
  ],
  'one of them': [{ only: ['old'] }, ['old'], { always: 'not asked for', newer: 'not asked for' }],
};

for (const [what, [wish, run, notRun]] of Object.entries(plans)) {
  test(`a run tries ${what}, and has a reason for each other one`, () => {
    assert.deepEqual(plan(wish), { run, notRun });
  });
}

const refused: Record<string, readonly [Partial<Wish>, string]> = {
  'a name that is none': [
    { only: ['older'] },
    'no such scenario: older; there are always, newer, old',
  ],
  'one that needs another version': [
    { only: ['newer'], kubernetes: '1.30' },
    'nothing to run: newer needs Kubernetes 1.35',
  ],
  'one that does not depend on the version among those that do': [
    { only: ['always'], versionDependent: true },
    'nothing to run: always does not depend on the version',
  ],
};

for (const [what, [wish, message]] of Object.entries(refused)) {
  test(`${what} is refused`, () => {
    assert.throws(() => plan(wish), { message });
  });
}

test('what is listed of scenarios is of scenarios that exist, and of some on every version', () => {
  const dependent = allScenarios().filter((name) => traitsOf(name).dependsOn !== undefined);
  assert.ok(dependent.some((name) => traitsOf(name).since === undefined));
});
