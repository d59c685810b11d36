// An image has the same name on every run: what runs in a kept cluster is restarted only when another was loaded.

import { output } from '../tools/run.ts';
import { kubectl, rolledOut } from './kubectl.ts';

const annotation = 'e2e-image-id';

/** Lets a Deployment run the newest image of this name, and returns when it does. */
export async function useNewestImage(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  image: string,
): Promise<void> {
  const deployment = ['deployment', name, `--namespace=${namespace}`];
  const id = await output('docker', ['image', 'inspect', '--format', '{{.Id}}', image]);
  const path = `--output=jsonpath={.metadata.annotations.${annotation}}`;
  if ((await kubectl(['get', ...deployment, path])) !== id) {
    await kubectl(['rollout', 'restart', ...deployment]);
    await kubectl(['annotate', '--overwrite', ...deployment, `${annotation}=${id}`]);
  }
  await rolledOut(`deployment/${name}`, namespace);
}
