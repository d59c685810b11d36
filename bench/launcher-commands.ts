// The ways in which one application is started that the launcher section compares. All of them print the same values.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareLaunches, putSecrets } from './launches.ts';
import type { LaunchQuestion } from './load.ts';
import type { Session } from './session.ts';
import { findProgram, type Program } from './stopwatch.ts';

export type Command = {
  readonly name: string;
  /** Anew for each run: the provider answers a container start only once. */
  readonly prepare: () => Promise<Program & { readonly expected: string }>;
};

type Place = {
  readonly folder: string;
  readonly launcher: string;
  readonly standalone: string;
  readonly bare: string;
  /** What the canned answer says. */
  readonly value: string;
};

export async function createCommands(
  session: Session,
  place: Place,
): Promise<{ commands: Command[]; notes: string[] }> {
  const printenv = await findProgram('printenv');
  if (printenv === undefined) throw new Error('printenv is missing; it is part of coreutils');
  const curl = await findProgram('curl');
  const { canned } = await session.standIns.ask('describe', undefined);
  const { value } = place;
  const answer = JSON.stringify({ values: { DB_PASSWORD: value }, missing: [] });
  await session.standIns.ask('cannedAnswer', answer);
  const application = [printenv, 'DB_PASSWORD'];
  const asking = {
    argv: [place.launcher, '--', ...application],
    env: cannedEnv(place.folder, canned),
  };
  const withValue = { DB_PASSWORD: value };
  const commands: Command[] = [
    always('plain exec', { argv: application, env: withValue }, `${value}\n`),
    always('bare launcher', { argv: [place.bare, ...application], env: withValue }, `${value}\n`),
    always(
      'launcher without references',
      { ...asking, env: { ...asking.env, ...withValue } },
      `${value}\n`,
    ),
    always('launcher with a canned answer', asking, `${value}\n`),
    await createStandalone(session, { argv: [place.standalone, ...asking.argv.slice(1)] }),
    await createLaunch(session, { argv: asking.argv, tokenFile: join(place.folder, 'own-token') }),
  ];
  if (curl === undefined) return { commands, notes: ['curl is not installed here'] };
  const argv = curlArgv(curl, { ...place, ...canned });
  return {
    commands: [...commands, always('curl with a canned answer', { argv, env: {} }, answer)],
    notes: [],
  };
}

function always(name: string, program: Program, expected: string): Command {
  return { name, prepare: () => Promise.resolve({ ...program, expected }) };
}

function cannedEnv(
  folder: string,
  { url, ca }: { readonly url: string; readonly ca: string },
): Record<string, string> {
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'canned');
  return {
    ...settingsOf({ address: url, ca, tokenFile }),
    PIGGY_UID: 'canned',
    DB_PASSWORD: 'piggy:DB_PASSWORD',
  };
}

type Settings = { readonly address: string; readonly ca: string; readonly tokenFile: string };

function settingsOf({ address, ca, tokenFile }: Settings): Record<string, string> {
  return { PIGGY_ADDRESS: address, PIGGY_CA: ca, PIGGY_TOKEN_FILE: tokenFile };
}

/** One secret, asked for so often that the provider knows it; a Pod for each run. */
async function createLaunch(
  session: Session,
  { argv, tokenFile }: { readonly argv: readonly string[]; readonly tokenFile: string },
): Promise<Command> {
  const provider = await session.startProvider();
  const secrets = await putSecrets(session, 1);
  const { ca } = session.installed.files;
  const settings = settingsOf({ address: provider.launchUrl, ca, tokenFile });
  const launches: LaunchQuestion[] = [];
  const prepare = async () => {
    if (launches.length === 0) {
      launches.push(
        ...(await prepareLaunches(session, secrets, { count: 50, args: argv.slice(2) })),
      );
    }
    const launch = launches.pop();
    if (launch === undefined) throw new Error('no launch was prepared');
    writeFileSync(tokenFile, launch.token);
    const env = { ...settings, PIGGY_UID: launch.uid, DB_PASSWORD: 'piggy:DB_PASSWORD' };
    return { argv, env, expected: `${launch.values['DB_PASSWORD'] ?? ''}\n` };
  };
  return { name: 'launcher with the warm provider', prepare };
}

/** It asks AWS itself, here without TLS: the stand-in has none. */
async function createStandalone(
  session: Session,
  { argv }: { readonly argv: readonly string[] },
): Promise<Command> {
  const { awsUrl } = await session.standIns.ask('describe', undefined);
  const [secret] = await putSecrets(session, 1);
  const env = {
    ...secret?.settings,
    PIGGY_UID: 'standalone',
    PIGGY_STANDALONE: 'true',
    PIGGY_SERVICE_ACCOUNT: 'shop:api',
    PIGGY_AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    DB_PASSWORD: 'piggy:DB_PASSWORD',
  };
  const expected = `${secret?.values['DB_PASSWORD'] ?? ''}\n`;
  return always('standalone launcher, AWS without TLS', { argv, env }, expected);
}

type CurlTarget = { readonly url: string; readonly ca: string; readonly folder: string };

function curlArgv(curl: string, { url, ca, folder }: CurlTarget): string[] {
  const caFile = join(folder, 'ca.crt');
  writeFileSync(caFile, ca);
  const body = JSON.stringify({ uid: 'canned', signature: '', references: ['DB_PASSWORD'] });
  const headers = ['authorization: Bearer canned', 'content-type: application/json'];
  return [
    ...[curl, '--silent', '--fail', '--http1.1', '--cacert', caFile, '--data', body],
    ...headers.flatMap((header) => ['--header', header]),
    `${url}/v1/secret`,
  ];
}
