// Installs our chart as an operator does, with the images of this checkout and moto for AWS.

import { goTool } from '../tools/go-tools.ts';
import { chartFolder } from '../tools/helm.ts';
import { output } from '../tools/run.ts';
import { awsEnvironment, awsRegion } from './aws.ts';
import { images } from './images.ts';
import { kubectl, rolledOut } from './kubectl.ts';
import { until } from './poll.ts';
import { say } from './steps.ts';

export type Installation = {
  readonly release: string;
  readonly namespace: string;
};

export const installation: Installation = { release: 'piggy', namespace: 'piggy-system' };

/** Installs or upgrades, and returns when all replicas of it are ready, and no others are left. `changed` comes over the values of the tests. */
export async function installChart(
  changed: Readonly<Record<string, unknown>> = {},
  { release, namespace }: Installation = installation,
): Promise<void> {
  const values = JSON.stringify({ ...(await valuesHere()), ...changed });
  // What a scenario or a killed run changed by hand is put back, too.
  const args = ['upgrade', '--install', '--force-conflicts', release, chartFolder, '--values', '-'];
  await helm([...args, '--namespace', namespace, '--create-namespace'], values);
  await rolledOut(`deployment/${release}`, namespace);
  // One that is ending still answers connections that it has, by the former values.
  await until('the replaced replicas are gone', async () => {
    const path = '--output=jsonpath={.items[*].metadata.deletionTimestamp}';
    const ending = await kubectl(['get', 'pods', '--namespace', namespace, path]);
    return ending === '' ? true : undefined;
  });
}

/** Where it is there. */
export async function uninstallChart({ release, namespace }: Installation): Promise<void> {
  await helm(['uninstall', release, '--namespace', namespace, '--ignore-not-found', '--wait']);
}

/** What Helm printed; throws what it said where it fails. */
export async function helm(args: readonly string[], input?: string): Promise<string> {
  return output(await goTool('helm', say), args, input === undefined ? {} : { input });
}

/** What is another on this cluster than an operator's: the images of this checkout, and moto for AWS. */
export async function valuesHere(): Promise<Readonly<Record<string, unknown>>> {
  return {
    image: named(images.provider),
    launcher: { image: named(images.launcher) },
    // The image has the same name on every run: another one is another Pod.
    podAnnotations: { 'e2e/image': await imageId(images.provider) },
    // asked-again-is-refused attacks from there; chart-comes-and-goes holds the default.
    policies: { debuggersMayJoin: true },
    aws: { region: awsRegion },
    extraEnv: Object.entries(awsEnvironment).map(([name, value]) => ({ name, value })),
  };
}

function named(image: string): object {
  const [repository, tag] = image.split(':');
  return { repository, tag };
}

function imageId(image: string): Promise<string> {
  return output('docker', ['image', 'inspect', '--format', '{{.Id}}', image]);
}
