// Asks for the secrets of many launches and measures what that takes, of the load and of the provider. Checks what was asked
// of Kubernetes and AWS on the way.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ProviderProcess } from '../provider/testing/provider-process.ts';
import { signArgv } from '../provider/launches/signature.ts';
import type { LaunchQuestion, LoadTarget } from './load.ts';
import { readUsage } from './process-usage.ts';
import type { Session } from './session.ts';
import type { Calls } from './stand-ins.ts';
import { summarize, type Summary } from './statistics.ts';

export type Measured = {
  readonly requests: number;
  readonly latency: Summary;
  readonly perSecond: number;
  /** Of the process that answered, or of all of them. */
  readonly cpuMsPerRequest: number;
  /** Of the processor that it had, or could have had. */
  readonly loadShare: number;
  readonly calls: Calls;
};

export type LaunchesPlan = {
  readonly count: number;
  readonly connections: number;
  /** Distinct secrets, asked for in turn. */
  readonly secrets: number;
  readonly oneRequestPerConnection?: boolean;
};

/** As long and as odd as a password is. */
export function newSecretValue(): string {
  return `canary-${randomBytes(12).toString('hex')}`;
}

let secretsMade = 0;

export type Secret = {
  /** Of the container: where its values are. */
  readonly settings: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
};

/** Puts secrets of three keys, and `more`, into AWS; each name is new, so that no cache knows it. */
export async function putSecrets(
  { standIns }: Session,
  count: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Secret[]> {
  const secrets = Array.from({ length: count }, () => ({
    id: `shop/secret-${(secretsMade += 1)}`,
    values: { DB_PASSWORD: newSecretValue(), DB_USER: 'shop', DB_PORT: '5432', ...more },
  }));
  const contents = secrets.map(({ id, values }) => [id, JSON.stringify(values)] as const);
  await standIns.ask('putSecrets', Object.fromEntries(contents));
  return secrets.map(({ id, values }) => ({ settings: { PIGGY_AWS_SECRET_NAME: id }, values }));
}

export async function prepareLaunches(
  session: Session,
  secrets: readonly Secret[],
  {
    count,
    args = ['/app', 'serve'],
  }: { readonly count: number; readonly args?: readonly string[] },
): Promise<LaunchQuestion[]> {
  const each = Math.ceil(count / secrets.length);
  const signature = signArgv(args);
  const prepared = await Promise.all(
    secrets.map(async ({ settings, values }) => {
      const references = Object.keys(values).map((key) => [key, `piggy:${key}`] as const);
      const env = { ...settings, ...Object.fromEntries(references) };
      const made = await session.standIns.ask('prepareLaunches', { count: each, env, args });
      return made.map((launch) => ({ ...launch, signature, values }));
    }),
  );
  return prepared.flat().slice(0, count);
}

export async function measureLaunches(
  session: Session,
  providers: readonly ProviderProcess[],
  { count, connections, secrets, oneRequestPerConnection = false }: LaunchesPlan,
): Promise<Measured> {
  const launches = await prepareLaunches(session, await putSecrets(session, secrets), { count });
  const urls = providers.map(({ launchUrl }) => launchUrl);
  const { ca } = session.installed.files;
  const target = { urls, ca, connections, oneRequestPerConnection };
  const measured = await measure(session, providers, { target, launches });
  const { tokenReviews, pods, signingKeys, otherKubernetes, registry } = measured.calls;
  assert.deepEqual(
    { tokenReviews, pods, otherKubernetes, registry },
    { tokenReviews: count, pods: count, otherKubernetes: 0, registry: 0 },
    'one TokenReview and one Pod for each launch, and nothing else',
  );
  // A provider reads them once, when many tokens come from one address at once.
  assert.ok(signingKeys <= providers.length, `asked for signing keys ${signingKeys} times`);
  return measured;
}

export async function measure(
  session: Session,
  /** Whose processor time counts. */
  processes: readonly Pick<ProviderProcess, 'pid'>[],
  asked: { readonly target: LoadTarget; readonly launches: readonly LaunchQuestion[] },
): Promise<Measured> {
  await session.standIns.ask('takeCalls', undefined);
  const cpuBefore = cpuMsOf(processes);
  const { latenciesMs, elapsedMs, cpuMs } = await session.load.ask('launch', asked);
  const requests = latenciesMs.length;
  assert.equal(requests, asked.launches.length);
  return {
    requests,
    latency: summarize(latenciesMs),
    perSecond: (requests / elapsedMs) * 1_000,
    cpuMsPerRequest: (cpuMsOf(processes) - cpuBefore) / requests,
    loadShare: cpuMs / elapsedMs,
    calls: await session.standIns.ask('takeCalls', undefined),
  };
}

function cpuMsOf(processes: readonly Pick<ProviderProcess, 'pid'>[]): number {
  return processes.reduce((sum, { pid }) => sum + readUsage(pid).cpuMs, 0);
}
