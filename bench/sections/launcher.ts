// The launcher: what it adds to the start of a program, with and without references, beside curl doing one such request; its
// memory and size; its copy into the volume under the CPU limit of an init container.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLauncher, fillLauncherImage } from '../../tools/launcher.ts';
import { createCpuQuota } from '../cpu-quota.ts';
import { newSecretValue } from '../launches.ts';
import { createCommands, type Command } from '../launcher-commands.ts';
import type { SectionReport, Table, Target } from '../report.ts';
import { withSession } from '../session.ts';
import {
  buildBareLauncher,
  buildStopwatch,
  type Program,
  type Run,
  type Stopwatch,
} from '../stopwatch.ts';
import { interleave, summarize } from '../statistics.ts';

export type Series = { readonly name: string; readonly runs: readonly Run[] };

const readingNotes = [
  'The application prints its variables, and they were compared; over exec is the median less that of plain exec.',
  'No peak RSS is less than that of plain exec: it is what the stopwatch itself had, which Linux carries over exec, or more.',
  'The bare launcher is a Go program that becomes the application and does nothing else.',
];

export function measureLauncher({
  isQuick,
}: {
  readonly isQuick: boolean;
}): Promise<SectionReport> {
  return withSession(async (session) => {
    const folder = mkdtempSync(join(tmpdir(), 'piggy-bench-'));
    try {
      const stopwatch = await buildStopwatch(folder);
      const image = join(folder, 'image');
      mkdirSync(image);
      await fillLauncherImage(image);
      const launcher = join(image, 'piggy-env');
      const standalone = join(image, 'standalone', 'piggy-env');
      const bare = await buildBareLauncher(folder);
      const place = { folder, launcher, standalone, bare, value: newSecretValue() };
      const { commands, notes } = await createCommands(session, place);
      const series = await timeAll(stopwatch, commands, isQuick ? 10 : 200);
      const sizes = await measureSizes(folder, standalone);
      const install = await measureInstall(stopwatch, { folder, launcher, isQuick });
      return {
        tables: [tabulate(series), ...install.tables, sizes.table],
        targets: [...targetsOf(series), ...install.targets, ...sizes.targets],
        notes: [...readingNotes, ...notes, ...install.notes],
        chart: {
          title: 'Time over plain exec, median',
          unit: 'ms',
          bars: series.slice(1).map(({ name }) => ({ label: name, value: overExec(series, name) })),
        },
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** Of each command so many runs, in turns. */
export async function timeAll(
  stopwatch: Stopwatch,
  commands: readonly Command[],
  rounds: number,
): Promise<Series[]> {
  const run = async ({ name, prepare }: Command): Promise<Run> => {
    const { expected, ...program } = await prepare();
    const [done] = await stopwatch.time([program]);
    assert.ok(done);
    // Without the output: it holds the values.
    assert.ok(done.code === 0, `${name} ended with ${done.code}`);
    assert.ok(done.stdout === expected, `${name}: the application did not get its values`);
    return done;
  };
  await interleave(commands, 2, run);
  const runs = await interleave(commands, rounds, run);
  return commands.map((command) => ({ name: command.name, runs: runs.get(command) ?? [] }));
}

async function measureSizes(
  folder: string,
  standalone: string,
): Promise<{ table: Table; targets: Target[] }> {
  const rows: [string, number][] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const path = join(folder, architecture);
    mkdirSync(path);
    rows.push([
      `piggy-env, ${architecture}`,
      statSync(await buildLauncher(path, architecture)).size / 1e6,
    ]);
  }
  const targets = rows.map(([name, measured]): Target => ({
    sentence: `size of ${name}, MB`,
    measured,
    limit: 6,
    kind: 'atMost',
  }));
  rows.push(['standalone piggy-env', statSync(standalone).size / 1e6]);
  return { table: { title: 'Size of the binary', columns: ['', 'MB'], rows }, targets };
}

type InstallPlan = {
  readonly folder: string;
  readonly launcher: string;
  readonly isQuick: boolean;
};

/** `cp` beside it does the same copy without a Go program's start. */
async function measureInstall(
  stopwatch: Stopwatch,
  { folder, launcher, isQuick }: InstallPlan,
): Promise<Pick<SectionReport, 'notes' | 'tables' | 'targets'>> {
  const quota = createCpuQuota(200);
  if ('reason' in quota) return { tables: [], targets: [], notes: [`install: ${quota.reason}`] };
  const volume = join(folder, 'volume');
  mkdirSync(volume);
  const env = { PATH: process.env['PATH'] ?? '' };
  const programs: [string, Program][] = [
    ['piggy-env install', { argv: quota.within([launcher, 'install', volume]), env }],
    ['cp', { argv: quota.within(['cp', launcher, join(volume, 'copy')]), env }],
  ];
  try {
    const runs = await interleave(programs, isQuick ? 5 : 50, async ([name, program]) => {
      const [run] = await stopwatch.time([program]);
      assert.ok(run?.code === 0, `${name} failed`);
      return run;
    });
    const copied = statSync(join(volume, 'piggy-env'));
    assert.deepEqual([copied.size, copied.mode & 0o777], [statSync(launcher).size, 0o555]);
    const rows = programs.map((entry) => [entry[0], ...timesOf(runs.get(entry) ?? [])]);
    const title = 'The copy of the launcher under a limit of 200m CPU';
    return { tables: [{ title, columns: ['', ...timeColumns], rows }], targets: [], notes: [] };
  } finally {
    quota.remove();
  }
}

const timeColumns = ['p50 ms', 'p95 ms', 'p99 ms', 'CPU ms', 'peak RSS MB'];

function timesOf(runs: readonly Run[]): number[] {
  const { median, p95, p99 } = summarize(runs.map(({ wallMs }) => wallMs));
  const cpuMs = summarize(runs.map((run) => run.cpuMs)).median;
  return [median, p95, p99, cpuMs, summarize(runs.map(({ peakMb }) => peakMb)).median];
}

function medianOf(series: readonly Series[], name: string): number {
  const runs = series.find((one) => one.name === name)?.runs ?? [];
  return summarize(runs.map(({ wallMs }) => wallMs)).median;
}

function overExec(series: readonly Series[], name: string): number {
  return medianOf(series, name) - medianOf(series, 'plain exec');
}

function tabulate(series: readonly Series[]): Table {
  return {
    title: 'The start of a program',
    columns: ['', ...timeColumns, 'over exec ms'],
    rows: series.map(({ name, runs }) => [name, ...timesOf(runs), overExec(series, name)]),
  };
}

function targetsOf(series: readonly Series[]): Target[] {
  const peakMb = Math.max(
    ...series
      .filter(({ name }) => name.startsWith('launcher'))
      .map(({ runs }) => summarize(runs.map((run) => run.peakMb)).median),
  );
  return [
    {
      sentence: 'launcher without references, ms over exec',
      measured: overExec(series, 'launcher without references'),
      limit: 2,
      kind: 'atMost',
    },
    {
      sentence: 'launcher with a canned answer, ms over exec',
      measured: overExec(series, 'launcher with a canned answer'),
      limit: 5,
      kind: 'atMost',
    },
    ...besideCurl(series),
    { sentence: 'peak memory of the launcher, MB', measured: peakMb, limit: 10, kind: 'atMost' },
  ];
}

/** Nothing where there is no curl. */
function besideCurl(series: readonly Series[]): Target[] {
  const ofCurl = overExec(series, 'curl with a canned answer');
  if (Number.isNaN(ofCurl)) return [];
  return [
    {
      sentence: 'launcher with the warm provider over exec, in that of a request by curl',
      measured: overExec(series, 'launcher with the warm provider') / ofCurl,
      limit: 2.5,
      kind: 'atMost',
    },
  ];
}
