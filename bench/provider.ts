// Starts the provider as it ships (the bundle), with limits that let one address ask for what a whole cluster would.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ProviderCommand, readProviderCommand } from '../images/provider/command.ts';
import { bundleFolder } from '../images/provider/files.ts';
import {
  installProvider,
  type ProviderInstallation,
} from '../provider/testing/provider-installation.ts';
import { startProvider, type ProviderProcess } from '../provider/testing/provider-process.ts';
import type { Remote } from './remote.ts';
import type { StandInMethods } from './stand-ins.ts';

const bundle = join(bundleFolder, 'provider.mjs');

const plenty = '100000';
const limits = {
  PIGGY_MAX_CONCURRENT_REQUESTS: plenty,
  PIGGY_MAX_CONCURRENT_PER_ADDRESS: plenty,
  PIGGY_REQUESTS_PER_SECOND_PER_ADDRESS: plenty,
  // Of one address, more than so many tokens that are not known to be good yet have their signature looked at.
  PIGGY_REFUSED_TOKENS_PER_SECOND_PER_ADDRESS: plenty,
  PIGGY_LAUNCHES_PER_SECOND: plenty,
  PIGGY_LAUNCHES_PER_MINUTE_PER_POD: plenty,
  // Launches are prepared in advance.
  PIGGY_LAUNCH_WINDOW: '1h',
};

export type InstalledProvider = {
  readonly files: ProviderInstallation;
  /** Those that the image gives to Node. */
  readonly nodeFlags: readonly string[];
  readonly start: StartProvider;
};

/** This commit's, unless another one is given. */
export type StartProvider = (
  settings?: Readonly<Record<string, string>>,
  built?: BuiltProvider,
) => Promise<ProviderProcess>;

export type BuiltProvider = ProviderCommand & {
  /** False of a setting that it would refuse to start with, as the commit is older. */
  readonly knows: (setting: string) => boolean;
};

/** Of this commit. */
export function findBuiltProvider(): BuiltProvider {
  if (!existsSync(bundle)) throw new Error('there is no bundle in build/: run npm run bundle');
  return { ...readProviderCommand(bundle), knows: () => true };
}

export async function installBenchProvider(
  standIns: Remote<StandInMethods>,
): Promise<InstalledProvider> {
  const own = findBuiltProvider();
  const { kubernetes, awsUrl, registryHost } = await standIns.ask('describe', undefined);
  const files = await installProvider({ kubernetes });
  const env = {
    ...files.env,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    PIGGY_REGISTRY_PLAIN_HTTP: registryHost,
    PIGGY_REGISTRY_LOOPBACK_HOSTS: registryHost,
  };
  return {
    files,
    nodeFlags: own.args.slice(0, -1),
    start: (settings, { args, env: ofImage, knows } = own) => {
      const known = Object.entries(limits).filter(([name]) => knows(name));
      return startProvider({ ...ofImage, ...env, ...Object.fromEntries(known), ...settings }, args);
    },
  };
}
