// The AWS CLI, as users have it: the one of this machine where it can be led to moto by its environment, else the pinned one,
// installed once by pip.

import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cached } from '../tools/cache.ts';
import { capture, output } from '../tools/run.ts';
import { awsFromHere } from './aws.ts';
import { say } from './steps.ts';

const requirements = join(import.meta.dirname, 'aws-cli-requirements.txt');

/** The environment in which a shell finds `aws`, and `aws` finds moto. */
export async function awsCliEnvironment(): Promise<NodeJS.ProcessEnv> {
  const { endpoint, credentials } = await awsFromHere();
  return {
    ...((await knowsEndpoints()) ? {} : await pinnedProgram()),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

/** Since 1.29 and 2.13 it reads AWS_ENDPOINT_URL. */
async function knowsEndpoints(): Promise<boolean> {
  const installed = await capture('aws', ['--version']).catch(() => undefined);
  const [, major, minor] = /^aws-cli\/(\d+)\.(\d+)\./.exec(installed?.stdout ?? '') ?? [];
  return (major === '1' && Number(minor) >= 29) || (major === '2' && Number(minor) >= 13);
}

async function pinnedProgram(): Promise<NodeJS.ProcessEnv> {
  const version = await output('python3', ['--version']);
  const inputs = [version, readFileSync(requirements, 'utf8')];
  const folder = await cached('aws-cli', inputs, async (into) => {
    say('Installing the AWS CLI by pip: this takes some seconds, once.');
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', into];
    await output('python3', [...install, '--requirement', requirements]);
  });
  const path = process.env['PATH'] ?? '';
  return { PATH: `${join(folder, 'bin')}${delimiter}${path}`, PYTHONPATH: folder };
}
