// The frame of a scenario: a namespace of its own, and evidence when one of its tests fails.

import { randomBytes } from 'node:crypto';
import { after, afterEach, before } from 'node:test';
import { kubeconfig } from './cluster.ts';
import { printEvidence } from './evidence.ts';
import { createNamespace, deleteNamespace } from './namespaces.ts';

export type Scenario = {
  readonly namespace: string;
};

/**
 * To be called once in a scenario's file, with a short name for its namespace, and what is to be done in it before the
 * first test. (Not in a hook of the file's own: node:test starts those of one file together.)
 */
export function openScenario(
  name: string,
  prepare: (namespace: string) => Promise<void> = () => Promise.resolve(),
): Scenario {
  if (process.env['KUBECONFIG'] !== kubeconfig) {
    throw new Error('not in a cluster of our own: npm run e2e -- --only <scenario>');
  }
  const namespace = `${name}-${randomBytes(3).toString('hex')}`;
  before(async () => {
    await createNamespace(namespace);
    await prepare(namespace);
  });
  let isPrinted = false;
  afterEach(async (context) => {
    if (isPrinted || !('passed' in context) || context.passed) return;
    isPrinted = true;
    await printEvidence(namespace);
  });
  after(async () => {
    await deleteNamespace(namespace);
  });
  return { namespace };
}
