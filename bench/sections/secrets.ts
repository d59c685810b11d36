// The secret endpoint: requests a second and latency by connections, cache and speed of AWS; what a launch costs the provider,
// Kubernetes and AWS; what stays behind after many of them.

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_CONNECTIONS } from '../../provider/kubernetes/api-client.ts';
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
import type { Cell, SectionReport, Table, Target } from '../report.ts';
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
        'The canned answer is the same text from a Node HTTPS server that asks nobody: what TLS and HTTP alone cost here. The exchanges alone are that with the TokenReview and the Pod, asked for as the provider does, and read as JSON. CPU is that of the process that answered.',
        'Calls are those of one launch. `load` is the share of one processor that the load generator used; near 1 it was the limit, and not the provider.',
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

type PlanName = 'canned answer' | 'cold cache' | 'exchanges alone' | 'warm cache';
type Plan = LaunchesPlan & { readonly name: PlanName };
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
      { ...plan, name: 'exchanges alone', secrets: 1 },
      { ...plan, name: 'warm cache', secrets: 1 },
      { ...plan, name: 'cold cache', secrets: plan.count },
    ];
  });
  const bare = await startBareEndpoints(session);
  const results = await interleave(plans, isQuick ? 2 : 5, (plan) =>
    plan.name === 'canned answer' || plan.name === 'exchanges alone'
      ? measureBare(session, bare[plan.name], plan)
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

type BareEndpoint = {
  readonly url: string;
  readonly ca: string;
  readonly pid: number;
  readonly answerWith: (text: string) => Promise<void>;
};

/** What a launch costs without a provider: its one request over TLS, and that with the provider's two to Kubernetes. */
async function startBareEndpoints({
  standIns,
  startExchanges,
}: Session): Promise<Record<'canned answer' | 'exchanges alone', BareEndpoint>> {
  const { canned, kubernetes } = await standIns.ask('describe', undefined);
  const exchanges = await startExchanges();
  const place = await exchanges.ask('start', kubernetes);
  return {
    // Nobody else asks the process of the stand-ins meanwhile.
    'canned answer': {
      ...canned,
      pid: standIns.pid,
      answerWith: (text) => standIns.ask('cannedAnswer', text),
    },
    'exchanges alone': {
      ...place,
      pid: exchanges.pid,
      answerWith: (text) => exchanges.ask('answerWith', text),
    },
  };
}

async function measureBare(
  session: Session,
  { url, ca, pid, answerWith }: BareEndpoint,
  { count, connections }: Plan,
): Promise<Measured> {
  const secrets = await putSecrets(session, 1);
  const launches = await prepareLaunches(session, secrets, { count });
  await answerWith(JSON.stringify({ values: secrets[0]?.values, missing: [] }));
  const target = { urls: [url], ca, connections };
  return measure(session, [{ pid }], { target, launches });
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
  const idle = readUsage(provider.pid).sockets;
  const rows: Cell[][] = [['idle', idleMb, '', idle]];
  let done = 0;
  for (const count of steps) {
    await measureLaunches(session, [provider], { count, connections: 64, secrets: 20 });
    done += count;
    const { residentMb, sockets } = readUsage(provider.pid);
    const growth = ((residentMb - idleMb) / done) * 1_000;
    rows.push([`after ${done.toLocaleString('en-US')} requests`, residentMb, growth, sockets]);
  }
  await delay(pauseMs);
  const { residentMb, sockets, peakResidentMb } = readUsage(provider.pid);
  const later = `${pauseMs / 1_000} s later`;
  rows.push([later, residentMb, '', sockets]);
  const columns = ['', 'RSS MB', 'more than idle, MB per 1,000 requests', 'open sockets'];
  const most = (sentence: string, measured: number, limit: number): Target => {
    return { sentence, measured, limit, kind: 'atMost' };
  };
  return {
    table: { title: 'Memory and sockets', columns, rows },
    targets: [
      most(`peak memory over ${done.toLocaleString('en-US')} requests, MB`, peakResidentMb, 180),
      most(`sockets ${later}, beyond those when idle`, sockets - idle, MAX_CONNECTIONS),
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
      ...['TokenReview', 'Pod', 'AWS'].map((name) => `${name} calls`),
      'load',
    ],
    rows: series.map(({ plan, results }) => [
      `${plan.connections} connections, ${plan.name}`,
      ...figures(results),
      medianOf(results, ({ calls, requests }) => calls.tokenReviews / requests),
      medianOf(results, ({ calls, requests }) => calls.pods / requests),
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
