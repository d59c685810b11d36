// The frame of a scenario: a namespace of its own, and evidence when one of its tests fails.

import { randomBytes } from 'node:crypto';
import { after, afterEach, before } from 'node:test';
import { printEvidence } from './evidence.ts';
import { apply, kubectl } from './kubectl.ts';

export type Scenario = {
  readonly namespace: string;
};

/** To be called once, first in a scenario's file, with a short name for its namespace. */
export function openScenario(name: string): Scenario {
  const namespace = `${name}-${randomBytes(3).toString('hex')}`;
  before(() => apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await printEvidence(namespace);
  });
  after(async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });
  return { namespace };
}
