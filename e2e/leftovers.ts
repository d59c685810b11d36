// Puts away what a run that was killed left half done, so that the next one finds a cluster that it can install into.

import { uninstallChart } from './chart.ts';
import { kubectl } from './kubectl.ts';
import { deleteLeftovers } from './namespaces.ts';
import { liftRestrictedV2 } from './restricted-v2.ts';

export async function putAwayLeftovers(): Promise<void> {
  await deleteLeftovers();
  await liftRestrictedV2();
  // Helm refuses to touch a release whose last change did not end.
  const unfinished = 'status in (pending-install,pending-upgrade,pending-rollback,uninstalling)';
  const selector = ['--selector', `owner=helm,${unfinished}`];
  await kubectl(['delete', 'secrets', '--namespace=piggy-system', ...selector]);
  await uninstallChart({ release: 'piggy-webhooks', namespace: 'piggy-webhooks' });
}
