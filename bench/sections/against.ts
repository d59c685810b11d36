// This build beside that of another commit: both are measured in turns, in one run, and the ratio is what counts.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import { type Build, buildOther, buildThis, removeOther } from '../builds.ts';
import { createCommands } from '../launcher-commands.ts';
import { measureLaunches, newSecretValue } from '../launches.ts';
import { readUsage } from '../process-usage.ts';
import type { SectionReport, Table } from '../report.ts';
import { type Session, withSession } from '../session.ts';
import { interleave, median } from '../statistics.ts';
import { buildBareLauncher, buildStopwatch } from '../stopwatch.ts';
import { lookUpCold, lookUpWarm } from './images.ts';
import { timeAll } from './launcher.ts';

export type AgainstOptions = { readonly revision: string; readonly isQuick: boolean };

/** What one build was measured to be, by name; of several rounds the median of each. */
type Figures = Readonly<Record<string, number>>;

export async function measureAgainst({
  revision,
  isQuick,
}: AgainstOptions): Promise<SectionReport> {
  const folder = mkdtempSync(join(tmpdir(), 'piggy-against-'));
  try {
    const builds = [await buildThis(folder), await buildOther(revision, folder)] as const;
    const tables = [
      compare('The start of the provider', builds, await measureStarts(builds, isQuick)),
      compare('The warm provider, 64 connections', builds, await measureAnswers(builds, isQuick)),
      compare('The launcher', builds, await measureLaunchers(builds, { folder, isQuick })),
    ];
    return { tables, targets: [], notes: ['Each figure is the median of rounds in turns.'] };
  } finally {
    await removeOther(folder);
    rmSync(folder, { recursive: true });
  }
}

type Builds = readonly [Build, Build];
type Measured = ReadonlyMap<Build, readonly Figures[]>;

function measureStarts(builds: Builds, isQuick: boolean): Promise<Measured> {
  return withSession(({ startProvider }) =>
    interleave(builds, isQuick ? 3 : 20, async ({ provider: command }) => {
      const startedMs = performance.now();
      const provider = await startProvider({}, command);
      const readyMs = performance.now() - startedMs;
      const { cpuMs, residentMb } = readUsage(provider.pid);
      await provider.stop();
      return { 'start to ready, ms': readyMs, 'CPU of it, ms': cpuMs, 'idle RSS, MB': residentMb };
    }),
  );
}

const CONNECTIONS = 64;

function measureAnswers(builds: Builds, isQuick: boolean): Promise<Measured> {
  return withSession(async (session) => {
    const providers = new Map<Build, ProviderProcess>();
    for (const build of builds)
      providers.set(build, await session.startProvider({}, build.provider));
    const measure = (count: number) => (build: Build) => {
      const provider = providers.get(build);
      if (provider === undefined) throw new Error(`${build.name} has not started`);
      return answer(session, provider, count);
    };
    // What is compiled by then is fast.
    await interleave(builds, 2, measure(isQuick ? 500 : 6_000));
    return interleave(builds, isQuick ? 3 : 25, measure(isQuick ? 500 : 2_000));
  });
}

async function answer(
  session: Session,
  provider: ProviderProcess,
  count: number,
): Promise<Figures> {
  const launches = await measureLaunches(session, [provider], {
    ...{ count, connections: CONNECTIONS },
    secrets: 1,
  });
  const warm = await lookUpWarm(session, provider, { count, connections: CONNECTIONS });
  const cold = await lookUpCold(session, provider, { count: count / 10, connections: 8 });
  return {
    'secret requests a second': launches.perSecond,
    'secret requests per second of processor time': 1_000 / launches.cpuMsPerRequest,
    'lookups of a known image a second': warm.perSecond,
    'lookups of a known image per second of processor time': 1_000 / warm.cpuMsPerLookup,
    'lookups of new images a second, 8 connections': cold.perSecond,
  };
}

type LauncherPlan = { readonly folder: string; readonly isQuick: boolean };

function measureLaunchers(builds: Builds, { folder, isQuick }: LauncherPlan): Promise<Measured> {
  return withSession(async (session) => {
    const stopwatch = await buildStopwatch(folder);
    const bare = await buildBareLauncher(folder);
    const value = newSecretValue();
    const commands = new Map<Build, Awaited<ReturnType<typeof createCommands>>['commands']>();
    for (const [index, build] of builds.entries()) {
      const own = join(folder, `commands-${index}`);
      mkdirSync(own);
      const { launcher, standalone } = build;
      const place = { folder: own, launcher, standalone, bare, value };
      const startProvider: Session['startProvider'] = (settings) =>
        session.startProvider(settings, build.provider);
      const made = await createCommands({ ...session, startProvider }, place);
      commands.set(build, made.commands);
    }
    return interleave(builds, isQuick ? 3 : 30, async (build) => {
      const series = await timeAll(stopwatch, commands.get(build) ?? [], isQuick ? 2 : 5);
      const medians = series.map(
        ({ name, runs }) => [name, median(runs.map(({ wallMs }) => wallMs))] as const,
      );
      const plain = medians.find(([name]) => name === 'plain exec')?.[1] ?? NaN;
      const launchers = medians.filter(
        ([name]) => name.includes('launcher') && name !== 'bare launcher',
      );
      return Object.fromEntries(
        launchers.map(([name, ms]) => [`${name}, ms over exec`, ms - plain] as const),
      );
    });
  });
}

function compare(title: string, [own, other]: Builds, measured: Measured): Table {
  const valueOf = (build: Build, name: string) =>
    median((measured.get(build) ?? []).map((figures) => figures[name] ?? NaN));
  const names = Object.keys(measured.get(own)?.[0] ?? {});
  return {
    title,
    columns: ['', own.name, other.name, 'ratio'],
    rows: names.map((name) => {
      const [here, there] = [valueOf(own, name), valueOf(other, name)];
      return [name, here, there, here / there];
    }),
  };
}
