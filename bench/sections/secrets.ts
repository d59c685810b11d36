// The secret endpoint: requests a second and latency by connections, cache and speed of AWS; what a launch costs the provider,
// Kubernetes and AWS; what stays behind after many of them.

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderProcess } from '../../provider/testing/provider-process.ts';
import {
  measure,
  measureLaunches,
  prepareLaunches,
  putSecrets,
  type LaunchesPlan,
  type Measured,
} from '../launches.ts';
import { readUsage } from '../process-usage.ts';
import type { SectionReport, Table, Target } from '../report.ts';
import { withSession, type Session } from '../session.ts';
import { interleave, median } from '../statistics.ts';

export type Scale = { readonly isQuick: boolean };

export function measureSecrets({ isQuick }: Scale): Promise<SectionReport> {
  return withSession(async (session) => {
    const provider = await session.startProvider();
    const idle = readUsage(provider.pid);
    await measureLaunches(session, [provider], { count: 500, connections: 8, secrets: 1 });
    const byConnections = await measureConnections(session, provider, isQuick);
    const bySpeed = await measureSpeedsOfAws(session, provider, isQuick);
    const left = await measureLeftovers(session, idle.residentMb, isQuick);
    const warm = byConnections.find(
      ({ plan }) => plan.connections === 64 && plan.name === 'warm cache',
    );
    assert.ok(warm);
    return {
      tables: [tabulateConnections(byConnections), tabulateSpeeds(bySpeed), left.table],
      targets: [...targetsOf(warm.results), ...left.targets],
      notes: [
        'Every answer was compared with the values of its secret; each launch was its own Pod and token, and cost one TokenReview, one Pod and nothing else of Kubernetes.',
        'The canned answer is the same text from a Node HTTPS server that asks nobody: what TLS and HTTP alone cost here. CPU is that of the process that answered.',
        '`load` is the share of one processor that the load generator used; near 1 it was the limit, and not the provider.',
      ],
      chart: {
        title: 'Secret requests per second of processor time, 64 connections',
        unit: 'requests',
        bars: byConnections
          .filter(({ plan }) => plan.connections === 64 && plan.name !== 'canned answer')
          .map(({ plan, results }) => ({ label: plan.name, value: perCpuSecond(results) })),
      },
    };
  });
}

type Plan = LaunchesPlan & { readonly name: 'canned answer' | 'cold cache' | 'warm cache' };
type Series = { readonly plan: Plan; readonly results: readonly Measured[] };

async function measureConnections(
  session: Session,
  provider: ProviderProcess,
  isQuick: boolean,
): Promise<Series[]> {
  const count = isQuick ? 400 : 3_000;
  const plans = [1, 8, 64, 256].flatMap((connections): Plan[] => {
    const plan = { connections, count: connections === 1 ? count / 4 : count };
    return [
      { ...plan, name: 'canned answer', secrets: 1 },
      { ...plan, name: 'warm cache', secrets: 1 },
      { ...plan, name: 'cold cache', secrets: plan.count },
    ];
  });
  const results = await interleave(plans, isQuick ? 2 : 5, (plan) =>
    plan.name === 'canned answer'
      ? measureCanned(session, plan)
      : measureChecked(session, provider, plan),
  );
  return plans.map((plan) => ({ plan, results: results.get(plan) ?? [] }));
}

async function measureChecked(
  session: Session,
  provider: ProviderProcess,
  plan: Plan,
): Promise<Measured> {
  const measured = await measureLaunches(session, [provider], plan);
  if (plan.name === 'cold cache') {
    assert.equal(measured.calls.aws, plan.secrets, 'one call to AWS for each secret');
  } else {
    const elapsedMs = (plan.count / measured.perSecond) * 1_000;
    // A value is kept for five seconds.
    const most = 1 + Math.ceil(elapsedMs / 5_000);
    assert.ok(measured.calls.aws <= most, `${measured.calls.aws} calls to AWS for one secret`);
  }
  return measured;
}

async function measureCanned(session: Session, { count, connections }: Plan): Promise<Measured> {
  const secrets = await putSecrets(session, 1);
  const launches = await prepareLaunches(session, secrets, { count });
  const { canned } = await session.standIns.ask('describe', undefined);
  const answer = JSON.stringify({ values: secrets[0]?.values, missing: [] });
  await session.standIns.ask('cannedAnswer', answer);
  const target = { urls: [canned.url], ca: canned.ca, connections };
  // Nobody else asks the process of the stand-ins meanwhile.
  return measure(session, [session.standIns], { target, launches });
}

async function measureSpeedsOfAws(
  session: Session,
  provider: ProviderProcess,
  isQuick: boolean,
): Promise<{ delayMs: number; results: Measured[] }[]> {
  const count = isQuick ? 256 : 1_500;
  const plan: Plan = { name: 'cold cache', connections: 64, count, secrets: count };
  const delays = [0, 20, 200];
  const results = await interleave(delays, isQuick ? 1 : 3, async (delayMs) => {
    await session.standIns.ask('delayAws', delayMs);
    return measureChecked(session, provider, plan);
  });
  await session.standIns.ask('delayAws', 0);
  return delays.map((delayMs) => ({ delayMs, results: results.get(delayMs) ?? [] }));
}

/** A provider that has done nothing else, so that its memory is what these requests left. */
async function measureLeftovers(
  session: Session,
  idleMb: number,
  isQuick: boolean,
): Promise<{ table: Table; targets: Target[] }> {
  const provider = await session.startProvider();
  const steps = isQuick ? [200, 800] : [2_000, 8_000, 10_000];
  const pauseMs = isQuick ? 1_000 : 100_000;
  const rows: [string, number, number][] = [['idle', idleMb, readUsage(provider.pid).sockets]];
  let done = 0;
  for (const count of steps) {
    await measureLaunches(session, [provider], { count, connections: 64, secrets: 20 });
    done += count;
    const { residentMb, sockets } = readUsage(provider.pid);
    rows.push([`after ${done.toLocaleString('en-US')} requests`, residentMb, sockets]);
  }
  await delay(pauseMs);
  const { residentMb, sockets, peakResidentMb } = readUsage(provider.pid);
  rows.push([`${pauseMs / 1_000} s later`, residentMb, sockets]);
  return {
    table: { title: 'Memory and sockets', columns: ['', 'RSS MB', 'open sockets'], rows },
    targets: [
      {
        sentence: `peak memory over ${done.toLocaleString('en-US')} requests, MB`,
        measured: peakResidentMb,
        limit: 180,
        kind: 'atMost',
      },
    ],
  };
}

function tabulateConnections(series: readonly Series[]): Table {
  return {
    title: 'Secret requests by connections',
    columns: [
      '',
      'per second',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'CPU ms each',
      'AWS calls per launch',
      'load',
    ],
    rows: series.map(({ plan, results }) => [
      `${plan.connections} connections, ${plan.name}`,
      ...figures(results),
      medianOf(results, ({ calls, requests }) => calls.aws / requests),
      medianOf(results, ({ loadShare }) => loadShare),
    ]),
  };
}

function tabulateSpeeds(
  series: readonly { delayMs: number; results: readonly Measured[] }[],
): Table {
  return {
    title: 'Secret requests on 64 connections with a cold cache, by the speed of AWS',
    columns: ['', 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'provider CPU ms each'],
    rows: series.map(({ delayMs, results }) => [
      `AWS answers in ${delayMs} ms`,
      ...figures(results),
    ]),
  };
}

function figures(results: readonly Measured[]): number[] {
  return [
    medianOf(results, ({ perSecond }) => perSecond),
    medianOf(results, ({ latency }) => latency.median),
    medianOf(results, ({ latency }) => latency.p95),
    medianOf(results, ({ latency }) => latency.p99),
    medianOf(results, ({ cpuMsPerRequest }) => cpuMsPerRequest),
  ];
}

function medianOf(results: readonly Measured[], select: (measured: Measured) => number): number {
  return median(results.map(select));
}

function perCpuSecond(results: readonly Measured[]): number {
  return 1_000 / medianOf(results, ({ cpuMsPerRequest }) => cpuMsPerRequest);
}

function targetsOf(warm: readonly Measured[]): Target[] {
  return [
    {
      sentence: 'secret requests per second, warm, 64 connections',
      measured: medianOf(warm, ({ perSecond }) => perSecond),
      limit: 2_000,
      kind: 'atLeast',
    },
    {
      sentence: 'the same per second of processor time',
      measured: perCpuSecond(warm),
      limit: 2_000,
      kind: 'atLeast',
    },
    {
      sentence: 'p99 of them, ms',
      measured: medianOf(warm, ({ latency }) => latency.p99),
      limit: 130,
      kind: 'atMost',
    },
  ];
}
